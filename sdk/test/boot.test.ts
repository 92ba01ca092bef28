import { JSDOM } from "jsdom";
import { expect, test } from "vitest";
import { createFakeHost } from "../src/testing.ts";
import { loadPage, openPage, SECRET, tasks, wrap } from "./page.ts";

test("window.auroraview cannot be replaced or changed", async () => {
  const { window, run } = await openPage();
  expect(Object.getOwnPropertyDescriptor(window, "auroraview")).toMatchObject({ writable: false, configurable: false });
  expect(window["Object"].isFrozen(window.auroraview)).toBe(true);
  for (const change of ["auroraview = 1", "auroraview.call = 1", "auroraview.x = 1"]) {
    expect(() => run(`"use strict"; ${change}`), change).toThrow();
  }
});

test("its members", async () => {
  const { window } = await openPage();
  expect(Object.keys(window.auroraview).sort()).toEqual(
    [
      "api",
      "call",
      "clearAllPendingCalls",
      "drained",
      "handle",
      "isReady",
      "markBackendHealthy",
      "markBackendUnhealthy",
      "native",
      "off",
      "on",
      "once",
      "send_event",
      "setConfig",
      "state",
      "whenReady",
    ],
  );
});

test.each(["http://evil.example/", "http://localhost:5174/", "https://localhost:5173/", "http://app/", "about:blank"])(
  "%s gets no bridge and no trace",
  (url) => {
    const names: string[] = [];
    const { window, host } = loadPage({ url, before: (w) => names.push(...Object.getOwnPropertyNames(w)) });
    expect(window.auroraview).toBe(undefined);
    expect(host.posts).toEqual([]);
    expect(Object.getOwnPropertyNames(window).filter((name) => !names.includes(name))).toEqual([]);
  },
);

test("a scheme of our own, whose origin the engine calls null", async () => {
  const { window } = await openPage({ url: "av://app/index.html" });
  expect(window.location.origin).toBe("null");
  expect(window.auroraview.isReady()).toBe(true);
  expect(loadPage({ url: "av://other/index.html" }).window.auroraview).toBe(undefined);
  expect(loadPage({ url: "data:text/html,x", origins: ["av://app"] }).window.auroraview).toBe(undefined);
});

test("a frame gets no bridge", async () => {
  const { window } = await openPage({ html: "<iframe></iframe>" });
  const frame = window.document.querySelector("iframe")!.contentWindow as any;
  const host = createFakeHost();
  frame.webkit = { messageHandlers: { auroraview: { postMessage: (text: string) => host.post(text) } } };
  frame.TextEncoder = TextEncoder;
  frame.TextDecoder = TextDecoder;
  frame.eval(wrap(["about://", "null", "http://localhost:5173"]));
  expect(frame.auroraview).toBe(undefined);
  expect(host.posts).toEqual([]);
});

test("injected twice, the first stays alone", async () => {
  const { window, host, auroraview } = await openPage();
  const posts = host.posts.length;
  window.eval(wrap(["http://localhost:5173"]));
  await tasks(2);
  expect(window.auroraview).toBe(auroraview);
  expect(host.posts.length).toBe(posts);
});

test("without the script message handler nothing happens", () => {
  const { window } = new JSDOM("", { url: "http://localhost:5173", runScripts: "outside-only" });
  (window as any).TextEncoder = TextEncoder;
  (window as any).TextDecoder = TextDecoder;
  window.eval(wrap(["http://localhost:5173"]));
  expect((window as any).auroraview).toBe(undefined);
});

test("the secret is on nothing that the page can reach", async () => {
  const { window } = await openPage({ session: { namespaces: ["api", "scene"], events: ["e"] } });
  const seen = new Set<unknown>();
  const visit = (value: unknown, path: string): void => {
    if (typeof value === "string") expect(value.includes(SECRET), path).toBe(false);
    if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) return;
    seen.add(value);
    if (typeof value === "function") expect(Function.prototype.toString.call(value).includes(SECRET), path).toBe(false);
    for (const key of Reflect.ownKeys(value)) {
      const descriptor = Reflect.getOwnPropertyDescriptor(value, key)!;
      for (const part of ["value", "get", "set"] as const) visit(descriptor[part], `${path}.${String(key)}`);
    }
    visit(Reflect.getPrototypeOf(value), `${path}.[[Prototype]]`);
  };
  visit(window.auroraview, "auroraview");
  visit(await window.auroraview.call("none").catch((error: unknown) => error), "error");
  expect(seen.size).toBeGreaterThan(50);
  for (const name of Object.getOwnPropertyNames(window)) expect(name).not.toContain("AURORAVIEW");
});
