import type { Client } from "@auroraview/sdk";
import type { Api } from "./api";

const TITLE = "Shots";

/** Shows the panel; returns a function that takes it away. */
export function open(main: HTMLElement, client: Client<Api>): () => void {
  main.innerHTML = `<h1>${TITLE}</h1>
    <p id="shots">...</p>
    <p><input id="zoom" type="range" min="0" max="100"> <output></output></p>
    <button>Render</button> <span id="state"></span> <span id="frame"></span>`;
  const get = <E extends HTMLElement>(selector: string): E => main.querySelector<E>(selector)!;
  const zoom = get<HTMLInputElement>("#zoom");
  const show = () => {
    zoom.value = String(client.values.zoom ?? 100);
    get("output").textContent = `${zoom.value} %`;
  };
  show();
  zoom.oninput = () => client.state.set("zoom", Number(zoom.value));
  get("button").onclick = async () => {
    const [shot = ""] = await client.api.shots();
    get("#state").textContent = await client.with({ timeout: 0 }).api.render(shot);
  };
  void client.api.shots().then((shots) => (get("#shots").textContent = shots.join(", ")));
  const ends = [
    client.state.subscribe("zoom", show),
    client.on("frame_changed", ({ frame }) => (get("#frame").textContent = `Frame ${frame}`)),
  ];
  return () => ends.forEach((end) => end());
}
