import { createClient } from "@auroraview/sdk";
import type { Api } from "./api";
import * as panel from "./panel";

if (import.meta.env.DEV) await import("./mocks"); // does nothing in a window of AuroraView

export const client = createClient<Api>();
const main = document.querySelector("main")!;

let close = panel.open(main, client);
// What is edited in panel.ts replaces the panel; the document, and with it the bridge, stays.
import.meta.hot?.accept("./panel", (changed) => {
  close();
  close = (changed as unknown as typeof panel).open(main, client);
});
