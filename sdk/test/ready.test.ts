import { expect, test } from "vitest";
import { loadPage, openPage, tasks, until } from "./page.ts";

test("whenReady resolves with the document once the hello came", async () => {
  const { auroraview, host } = await openPage({ autoHello: false });
  let ready: unknown;
  void auroraview.whenReady().then((value) => (ready = value));
  await tasks(3);
  expect([ready, auroraview.isReady()]).toEqual([undefined, false]);
  host.hello();
  await until(() => ready !== undefined);
  expect(ready).toEqual({ doc: 1 });
  expect(auroraview.isReady()).toBe(true);
  expect(await auroraview.whenReady()).toEqual({ doc: 1 });
});

test("auroraviewready fires once, when the page's scripts can hear it", async () => {
  const { window, host } = loadPage({
    html: "<script>count = 0; addEventListener('DOMContentLoaded', () => addEventListener('auroraviewready', () => count += 1))</script>",
  });
  await until(() => window["count"] === 1);
  host.hello();
  host.emit("auroraviewready");
  await tasks(3);
  expect(window["count"]).toBe(1);
});

test("a hello without a session is survived", async () => {
  const { host, auroraview } = await openPage({ autoHello: false });
  host.send({ method: "$/hello" });
  await until(() => auroraview.isReady());
});
