import { expect, test } from "vitest";
import { deferred, failure, openPage, tasks, until } from "./page.ts";

test("a call brings its result", async () => {
  const { auroraview, host } = await openPage();
  host.bind("api.add", ([a, b]) => a + b);
  expect(await auroraview.call("api.add", [1, 2])).toBe(3);
});

test("params: absent, null, and everything else as it is", async () => {
  const { auroraview, host } = await openPage();
  const seen: unknown[] = [];
  host.bind("f", (params) => void seen.push(params));
  for (const params of [undefined, null, 0, "", { a: 1 }, [1, [2]]]) await auroraview.call("f", params);
  expect(seen).toEqual([undefined, null, 0, "", { a: 1 }, [1, [2]]]);
});

test("calls made before the hello are sent at once and in order", async () => {
  const { auroraview, host } = await openPage({
    autoHello: false,
    html: "<script>for (const n of [1, 2, 3]) auroraview.call('f', n).catch(() => {})</script>",
  });
  await tasks();
  expect(auroraview.isReady()).toBe(false);
  expect(host.lines.map(({ kind }) => kind).join("")).toBe("hqqq");
  expect(host.lines.slice(1).map(({ body }) => JSON.parse(body).params)).toEqual([1, 2, 3]);
});

test("answers may come in any order", async () => {
  const { auroraview, host } = await openPage();
  const slow = deferred<string>();
  host.bind("slow", () => slow.promise);
  host.bind("fast", () => "fast");
  const first = auroraview.call("slow");
  expect(await auroraview.call("fast")).toBe("fast");
  slow.resolve("slow");
  expect(await first).toBe("slow");
});

test("an error of Python keeps its name, message, code and data", async () => {
  const { auroraview, host, window } = await openPage();
  host.bind("f", () => new Promise(() => {}));
  const call = failure(auroraview.call("f"));
  await until(() => host.lines.length > 1);
  const data = { name: "ValueError", code: "EXECUTION_ERROR", traceback: "Traceback", data: { why: 1 } };
  host.send({ id: 1, error: { code: -32000, message: "bad", data } });
  const error = await call;
  expect(error).toBeInstanceOf(window["Error"]);
  expect(error).toMatchObject({ message: "bad", ...data });
});

test.each(["webkitgtk", "wkwebview", "webview2"] as const)("an error has the stack of the call (%s)", async (engine) => {
  const page = await openPage({ engine });
  page.run("function caller() { return auroraview.call('none') }");
  const error = await failure(page.run("caller()"));
  // Node's engine is that of WebView2, and names the error in the first line; WebKit has only the frames.
  if (engine === "webview2") expect(error.stack).toMatch(/^Error: no function none\n/);
  expect(error.stack).toContain("caller");
});

test("a timeout rejects and cancels", async () => {
  const { auroraview, host } = await openPage();
  host.bind("f", () => new Promise(() => {}));
  const error = await failure(auroraview.call("f", null, { timeout: 20 }));
  expect(error).toMatchObject({ name: "TimeoutError", code: "TIMEOUT" });
  await until(() => host.cancelled.length > 0);
  expect(host.cancelled).toEqual([1]);
});

test("an answer after the timeout is nobody's", async () => {
  const { auroraview, host, errors } = await openPage();
  host.bind("f", () => new Promise(() => {}));
  await failure(auroraview.call("f", null, { timeout: 5 }));
  host.send({ id: 1, result: 1 });
  host.bind("g", () => 2);
  expect(await auroraview.call("g")).toBe(2);
  expect(errors).toEqual([]);
});

test("the default timeout: page's configuration, setConfig, 0 for none", async () => {
  const { auroraview, host } = await openPage({ html: "<script>__AURORAVIEW_CONFIG__ = { callTimeoutMs: 15 }</script>" });
  host.bind("f", () => new Promise(() => {}));
  expect(await failure(auroraview.call("f"))).toMatchObject({ code: "TIMEOUT", message: "f: no answer within 15 ms" });
  auroraview.setConfig({ callTimeoutMs: 16 });
  expect((await failure(auroraview.call("f"))).message).toContain("16 ms");
  auroraview.setConfig({ callTimeoutMs: 0 });
  let settled = false;
  void auroraview.call("f").finally(() => (settled = true));
  void auroraview.call("f", null, { timeout: 2 ** 40 }).finally(() => (settled = true));
  await new Promise((resolve) => setTimeout(resolve, 40));
  expect(settled).toBe(false);
});

test("the configuration is read at boot", async () => {
  const { auroraview, host } = await openPage({
    autoHello: false,
    before: (window) => (window["__AURORAVIEW_CONFIG__"] = { callTimeoutMs: 7 }),
  });
  host.bind("f", () => new Promise(() => {}));
  expect((await failure(auroraview.call("f"))).message).toContain("7 ms");
});

test.each([{ callTimeoutMs: -1 }, { callTimeoutMs: "5" }, { callTimeoutMs: NaN }, null, 5])("setConfig refuses %j", async (values) => {
  const { auroraview } = await openPage();
  expect(() => auroraview.setConfig(values as never)).toThrow(/number of milliseconds|an object/);
});

test("a wrong page configuration is reported, and ignored", async () => {
  const { errors, auroraview } = await openPage({ html: "<script>__AURORAVIEW_CONFIG__ = { callTimeoutMs: 'x' }</script>" });
  expect(errors[0]).toContain("__AURORAVIEW_CONFIG__");
  expect(auroraview.isReady()).toBe(true);
});

test("abort rejects, cancels, and leaves the signal", async () => {
  const { auroraview, host, window } = await openPage();
  host.bind("f", () => new Promise(() => {}));
  const controller: AbortController = new window["AbortController"]();
  const call = failure(auroraview.call("f", null, { signal: controller.signal }));
  await until(() => host.lines.length > 1);
  controller.abort();
  expect(await call).toMatchObject({ name: "AbortError", code: "CANCELLED" });
  await until(() => host.cancelled.length > 0);
  controller.abort();
  await tasks(2);
  expect(host.cancelled).toEqual([1]);
});

test("an abort after the answer sends nothing", async () => {
  const { auroraview, host, window } = await openPage();
  host.bind("f", () => 1);
  const controller: AbortController = new window["AbortController"]();
  await auroraview.call("f", null, { signal: controller.signal });
  controller.abort();
  await tasks(2);
  expect(host.cancelled).toEqual([]);
});

test("already aborted: nothing is sent", async () => {
  const { auroraview, host, window } = await openPage();
  const before = host.lines.length;
  const signal = window["AbortSignal"].abort();
  expect(await failure(auroraview.call("f", null, { signal }))).toMatchObject({ code: "CANCELLED" });
  await tasks(2);
  expect(host.lines.length).toBe(before);
});

test("over 4096 pending calls: BUSY at once, and free again after an answer", async () => {
  const { auroraview, host } = await openPage();
  const gate = deferred<number>();
  host.bind("f", () => gate.promise);
  const calls = Array.from({ length: 4096 }, () => auroraview.call("f"));
  expect(await failure(auroraview.call("f"))).toMatchObject({ code: "BUSY" });
  gate.resolve(1);
  await Promise.all(calls);
  expect(await auroraview.call("f")).toBe(1);
});

test.each([
  ["a cycle", "const a = {}; a.a = a; a", /circular/i],
  ["a BigInt", "({ n: 1n })", /BigInt \(at "n"\)/],
  ["a SharedArrayBuffer", "({ s: new SharedArrayBuffer(1) })", /SharedArrayBuffer \(at "s"\)/],
  ["a FormData", "new FormData()", /FormData/],
  ["a Map", "({ m: new Map() })", /Map/],
  ["a Set", "new Set()", /Set/],
  ["a promise", "({ p: Promise.resolve() })", /Promise/],
  ["a function", "(() => {})", /function/],
  ["a symbol", "Symbol()", /symbol/],
  ["a getter that throws", "({ get a() { throw new Error('mine') } })", /mine/],
  ["a getter that throws null", "({ get a() { throw null } })", /null/],
])("%s is refused by name", async (_, script, message) => {
  const page = await openPage();
  const before = page.host.lines.length;
  const data = page.run(`(() => { return eval(${JSON.stringify(script)}) })()`);
  const error = await failure(page.auroraview.call("f", data));
  expect(error).toMatchObject({ code: "INVALID_DATA" });
  expect(error.message).toMatch(message);
  expect(() => page.auroraview.send_event("e", data)).toThrow(message);
  await tasks(2);
  expect(page.host.lines.length).toBe(before);
});

test("what JSON writes itself stays", async () => {
  const page = await openPage();
  page.host.bind("f", (params) => params);
  const data = page.run("({ d: new Date(0), n: NaN, u: undefined, f() {}, a: [undefined], j: { toJSON: () => 1 } })");
  expect(await page.auroraview.call("f", data)).toEqual({ d: "1970-01-01T00:00:00.000Z", n: null, a: [null], j: 1 });
});

test("over 16 MiB: TOO_LARGE, counted in bytes", async () => {
  const { auroraview, host } = await openPage();
  host.bind("length", (text: string) => text.length);
  const cjk = Array(600).fill("界".repeat(10_000));
  expect(await failure(auroraview.call("length", cjk))).toMatchObject({ code: "TOO_LARGE" });
  expect(() => auroraview.send_event("e", "x".repeat(2 ** 24))).toThrow(/larger/);
  expect(await auroraview.call("length", "x".repeat(2 ** 23))).toBe(2 ** 23);
});

test.each([["", {}], ["$/hello", {}], [5, {}], [undefined, {}], ["f", { timeout: -1 }], ["f", { timeout: "1" }]])(
  "call(%j, ..., %j) is refused",
  async (method, options) => {
    const { auroraview } = await openPage();
    expect(await failure(auroraview.call(method as string, null, options as never))).toMatchObject({ code: "INVALID_ARGUMENTS" });
  },
);

test("data that calls while it is written keeps the answers apart", async () => {
  const { auroraview, host } = await openPage();
  host.bind("f", (params) => params);
  let inner: Promise<unknown> | undefined;
  const outer = auroraview.call("f", { toJSON: () => ((inner ??= auroraview.call("f", "inner")), "outer") });
  expect([await outer, await inner]).toEqual(["outer", "inner"]);
});

test("what is no signal is refused before anything is sent", async () => {
  const { auroraview, host } = await openPage();
  const before = host.lines.length;
  await failure(auroraview.call("f", null, { signal: {} as AbortSignal }));
  await tasks(2);
  expect(host.lines.length).toBe(before);
});
