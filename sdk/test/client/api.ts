// An interface as `auroraview types` writes it.
import type { Keywords, Stream } from "../../src/client/index.ts";

export interface Api {
  functions: {
    "api.add": (a: number, b?: number) => Promise<number>;
    "api.scene.create": (name: string) => Promise<{ id: number }>;
    "api.rename": (named: Keywords<{ to: string; shot?: number }>) => Promise<null>;
    "api.count": (to: number) => Stream<number, null>;
    ping: () => Promise<string>;
  };
  events: { frame_changed: { frame: number } };
  sends: { picked: { name: string }; closed: undefined };
  state: { zoom: number; tool: { name: string } };
  errors: { NO_SUCH_SHOT: { id: number }; LOCKED: null };
}
