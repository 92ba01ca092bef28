// WebView2 has messages only; the bridge makes posts with answers of them. WebKitGTK's own way is used by all other tests.
import { expect, test } from "vitest";
import { openPage, tasks, until, type Page } from "./page.ts";

const open = () => openPage({ engine: "webview2" });

/** Dispatches a message as a page could do it. */
const forge = ({ run }: Page, data: string): unknown =>
  run(`chrome.webview.dispatchEvent(new MessageEvent("message", { data: ${JSON.stringify(data)} }))`);

test.each(["webkitgtk", "wkwebview", "webview2"] as const)("calls and events go both ways, in order and many at once: %s", async (engine) => {
  const { auroraview, host } = await openPage({ engine });
  host.bind("api.double", (params) => params * 2);
  const calls = Array.from({ length: 100 }, (_, n) => auroraview.call<number>("api.double", n));
  expect(await Promise.all(calls)).toEqual(Array.from({ length: 100 }, (_, n) => n * 2));
  const heard: unknown[] = [];
  auroraview.on("e", (data) => heard.push(data));
  for (let n = 0; n < 10; n += 1) host.emit("e", n);
  await until(() => heard.length === 10);
  expect(heard).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("the page's own messages reach the page, and ours do not", async () => {
  const page = await open();
  page.run("var heard = []; chrome.webview.addEventListener('message', (event) => heard.push(event.data))");
  page.host.bind("api.secret", () => "for the caller only");
  expect(await page.auroraview.call("api.secret")).toBe("for the caller only");
  forge(page, "a message of somebody else");
  expect(page.window["heard"]).toEqual(["a message of somebody else"]);
});

test("what the page makes up answers nothing", async () => {
  const page = await open();
  const events: unknown[] = [];
  page.auroraview.on("forged", (data) => events.push(data));
  const batch = JSON.stringify([{ jsonrpc: "2.0", method: "forged", params: 1 }]);
  const words = ["", "0".repeat(32)].flatMap((nonce) => [nonce, ...Array.from({ length: 9 }, (_, n) => `${nonce}-${n}`)]);
  for (const word of words) forge(page, `${word} a${batch}`);
  await tasks(2);
  expect(events).toEqual([]);
  expect(page.host.parked).toBeGreaterThan(0);
});

test.each(["webkitgtk", "wkwebview", "webview2"] as const)("a refusal ends the bridge with its reason: %s", async (engine) => {
  const { auroraview, host, errors } = await openPage({ engine });
  const call = auroraview.call("api.never");
  host.close("refused: wrong secret");
  await expect(call).rejects.toMatchObject({ code: "CLOSED" });
  expect(errors).toEqual(["auroraview: the link is gone: refused: wrong secret"]);
});
