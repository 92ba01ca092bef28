// What `auroraview types` writes for app.py.
export interface Api {
  functions: {
    "api.shots": () => Promise<string[]>;
    "api.render": (shot: string) => Promise<string>;
  };
  events: { frame_changed: { frame: number } };
  state: { zoom: number };
}
