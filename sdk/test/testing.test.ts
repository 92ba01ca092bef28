// The fake host as a front-end test uses it: no bundle, no injection, the window of the test environment.
import { expect, test } from "vitest";
import { createFakeHost } from "../src/testing.ts";

test("calls, events and namespaces without a window of ours", async () => {
  const host = createFakeHost({ session: { events: ["picked"], namespaces: ["api", "scene"] } });
  host.bind("api.add", ([a, b]) => a + b);
  const auroraview = host.open();
  expect(await auroraview.api.add!(1, 2)).toBe(3);
  expect(await auroraview.whenReady()).toEqual({ doc: 1 });
  expect("scene" in auroraview).toBe(true);

  const frame = new Promise((resolve) => auroraview.once("frame_changed", resolve));
  host.emit("frame_changed", { frame: 12 });
  expect(await frame).toEqual({ frame: 12 });

  window.dispatchEvent(new CustomEvent("picked", { detail: "cube" }));
  auroraview.send_event("moved");
  await Promise.resolve();
  expect(host.events).toEqual([{ name: "picked", detail: "cube" }, { name: "moved", detail: {} }]);

  host.close();
  await expect(auroraview.call("api.add", [1, 2])).rejects.toMatchObject({ code: "CLOSED" });
});

test("what a function throws is the error", async () => {
  const host = createFakeHost();
  host.bind("api.locked", () => {
    throw Object.assign(new Error("locked"), { name: "SceneLocked", code: "SCENE_LOCKED", data: { by: "ann" } });
  });
  await expect(host.open().call("api.locked")).rejects.toMatchObject({
    name: "SceneLocked",
    message: "locked",
    code: "SCENE_LOCKED",
    data: { by: "ann" },
  });
});
