// Pages that break the language after load, by malice or by an old library. The bridge works on and tells them nothing.
import { expect, test } from "vitest";
import { openPage, SECRET, until, type Page } from "./page.ts";

/** Everything the bridge does, once. */
async function exercise({ auroraview, host, run, window }: Page): Promise<void> {
  host.bind("api.echo", (params) => params);
  host.bind("api.fail", () => {
    throw new Error("mine");
  });
  const results: unknown[] = [];
  const events: unknown[] = [];
  // From this side, so that the page's own broken language is not what fails.
  const watch = (promise: Promise<unknown>, args: [any, any?]) => {
    Object.defineProperty(promise, "constructor", { value: undefined });
    Reflect.apply(Promise.prototype.then, promise, args);
  };
  const note = (value: unknown) => results.push(value);
  auroraview.on("e", (data) => events.push(data));
  auroraview.once("e", (data) => events.push(data));
  watch(auroraview.call("api.echo", { a: [1, "界"] }), [note]);
  watch(auroraview.api["echo"]!(1, 2), [note]);
  watch(auroraview.call("api.fail"), [null, (error: any) => note(error.message)]);
  watch(auroraview.call("api.echo", 1, { timeout: 5000 }), [note]);
  watch(auroraview.whenReady(), [note]);
  watch(auroraview.drained(), [() => note("drained")]);
  auroraview.send_event("up", { x: 1 });
  run("original.dispatch(new original.CustomEvent('forwarded', { detail: 'y' }))");
  host.emit("e", { n: 1 });
  await until(() => results.length === 6 && events.length === 2 && host.events.length === 2);
  const sorted = results.map((value) => JSON.stringify(value)).sort();
  expect(sorted).toEqual(['"drained"', '"mine"', '{"a":[1,"界"]}', '{"doc":1}', "1", "[1,2]"].sort());
  expect(events).toEqual([{ n: 1 }, { n: 1 }]);
  expect(host.events).toEqual([{ name: "up", detail: { x: 1 } }, { name: "forwarded", detail: "y" }]);
  expect(window["heard"]).toEqual({ n: 1 });
}

const attacks: Record<string, string> = {
  "JSON": "JSON.parse = JSON.stringify = boom",
  "JSON as a whole": "JSON = undefined",
  "Promise.prototype.then": "Promise.prototype.then = boom; Promise.prototype.catch = boom; Promise.prototype.finally = boom",
  "Promise.prototype.constructor": "Promise.prototype.constructor = 5; Object.defineProperty(Promise, Symbol.species, { get: boom })",
  "Promise": "Promise = boom; Promise.resolve = boom",
  "Array.prototype": "for (const n of ['push', 'shift', 'map', 'forEach', 'join', 'slice', 'concat', Symbol.iterator]) Array.prototype[n] = boom",
  "setters on Array.prototype": "for (const n of [0, 1, 2, 3]) Object.defineProperty(Array.prototype, n, { set: boom, get: boom, configurable: true })",
  "toJSON on prototypes": "for (const it of [String, Number]) it.prototype.toJSON = boom",
  "Map, Set, WeakSet": "for (const it of [Map, Set, WeakSet]) { for (const n of ['get', 'set', 'has', 'add', 'delete', 'forEach', 'clear']) it.prototype[n] = boom; } Map = Set = WeakSet = boom",
  "Map.prototype.size": "for (const it of [Map, Set]) Object.defineProperty(it.prototype, 'size', { get: boom })",
  "EventTarget": "for (const n of ['dispatchEvent', 'addEventListener', 'removeEventListener']) { EventTarget.prototype[n] = boom; window[n] = boom }",
  "CustomEvent": "Object.defineProperty(CustomEvent.prototype, 'detail', { get: boom }); Object.defineProperty(Event.prototype, 'type', { get: boom }); CustomEvent = boom",
  "timers": "setTimeout = clearTimeout = queueMicrotask = boom",
  "Object": "for (const n of ['create', 'freeze', 'keys', 'defineProperty', 'setPrototypeOf', 'getOwnPropertyDescriptor']) Object[n] = boom",
  "Object.prototype": "for (const n of ['hasOwnProperty', 'toString', 'valueOf']) Object.prototype[n] = boom",
  "Reflect": "Reflect.apply = Reflect.defineProperty = boom; Reflect = undefined",
  // Not `call`: the stack traces of this test environment need it, in the page's realm too.
  "Function.prototype": "for (const n of ['apply', 'bind']) Function.prototype[n] = boom",
  "String.prototype": "for (const n of ['startsWith', 'slice', 'indexOf', 'split']) String.prototype[n] = boom",
  "Number, Array, ArrayBuffer": "Number.isSafeInteger = Array.isArray = ArrayBuffer.isView = boom",
  "texts on Object.prototype":
    "for (const n of ['id', 'result', 'error', 'method', 'params', 'get', 'writable', 'detail', 'kind', 'traceback', 'data']) Object.prototype[n] = 'told'",
  "members on Object.prototype":
    "for (const n of ['id', 'result', 'error', 'method', 'params', 'get', 'writable', 'detail', 'kind', 'traceback', 'data']) Object.prototype[n] = boom",
  "console and reportError": "console.error = console.warn = boom; console = undefined; reportError = boom",
  "webkit and chrome":
    "if (globalThis.webkit) webkit.messageHandlers.auroraview.postMessage = boom; else chrome.webview.postMessage = chrome.webview.addEventListener = boom; webkit = chrome = undefined",
  "MessageEvent":
    "Object.defineProperty(MessageEvent.prototype, 'data', { get: boom }); Event.prototype.stopImmediatePropagation = boom",
};

const engines = ["webkitgtk", "wkwebview", "webview2"] as const;
const cases = engines.flatMap((engine) => Object.entries(attacks).map(([what, attack]) => ({ engine, what, attack })));

test.each(cases)("on $engine the page breaks $what", async ({ engine, attack }) => {
  const page = await openPage({ engine, session: { events: ["forwarded"] } });
  page.run(`
    var heard, told = "";
    var original = { dispatch: dispatchEvent.bind(window), CustomEvent, Error };
    {
      const detailOf = Function.prototype.call.bind(Object.getOwnPropertyDescriptor(CustomEvent.prototype, "detail").get);
      addEventListener("e", (event) => { heard = detailOf(event) });
    }
    // Remembers every text it is given, and breaks whoever calls it.
    function boom(...args) {
      for (let i = 0; i < args.length; i += 1) if (typeof args[i] === "string") told += args[i];
      if (typeof this === "string") told += this;
      throw new original.Error("boom");
    }
  `);
  page.run(attack);
  await exercise(page);
  expect(page.window["told"]).not.toContain(SECRET);
});

test("__proto__ in data stays data, both ways", async () => {
  const page = await openPage();
  page.host.bind("f", (params) => params);
  const data = page.run(`JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}')`);
  const result: any = await page.auroraview.call("f", data);
  expect(page.host.lines.at(-1)?.body).toContain('"params":{"__proto__":{"polluted":1}');
  expect(Object.keys(result)).toEqual(["__proto__", "constructor"]);
  expect(Object.getPrototypeOf(result)).toBe(page.window["Object"].prototype);
  page.host.emit("__proto__", 1);
  const seen: unknown[] = [];
  page.auroraview.on("__proto__", (value) => seen.push(value));
  page.auroraview.on("constructor", (value) => seen.push(value));
  page.host.emit("constructor", 2);
  await until(() => seen.length === 2);
  expect(page.run("({}).polluted")).toBe(undefined);
});

test("a session with odd names pollutes nothing", async () => {
  const names = ["__proto__", "constructor", "toString", 5, null, {}] as string[];
  const page = await openPage({ session: { events: names, namespaces: names } });
  expect(page.auroraview.isReady()).toBe(true);
  expect(page.run("Object.keys(Object.prototype).length")).toBe(0);
});
