import { expect, test } from "vitest";
import { deferred, failure, openPage, type Page, tasks, until } from "./page.ts";

const collect = `
  window.collect = async (stream, most = Infinity) => {
    const items = [];
    for await (const item of stream) { items.push(item); if (items.length >= most) break; }
    return items;
  };`;

const open = async () => {
  const page = await openPage({ html: `<script>${collect}</script>` });
  return { ...page, sent: (text: string) => page.host.lines.filter(({ body }) => body.includes(text)) };
};

test("a loop over a call gets its items, with and without await", async () => {
  const { host, run } = await open();
  host.bind("rows", function* (count: number) {
    for (let n = 0; n < count; n += 1) yield n;
    return "all";
  });
  expect(await run("collect(auroraview.call('rows', 600))")).toEqual(Array.from({ length: 600 }, (_, n) => n));
  expect(await run("auroraview.call('rows', 3).then(collect)")).toEqual([0, 1, 2]);
  const steps = await run(`(async () => {
    const items = auroraview.call('rows', 1)[Symbol.asyncIterator]();
    return [await items.next(), await items.next(), await items.next()];
  })()`);
  expect(steps).toEqual([{ value: 0, done: false }, { value: "all", done: true }, { value: undefined, done: true }]);
});

test("a loop that takes nothing lets no more than the window come", async () => {
  const { host, run } = await open();
  let made = 0;
  host.bind("rows", function* () {
    for (;;) yield (made += 1);
  });
  await run("(window.items = auroraview.call('rows')[Symbol.asyncIterator]()).next()");
  await tasks(20);
  expect(made).toBeLessThanOrEqual(257);
  await run("(async () => { for (let n = 0; n < 998; n += 1) await items.next() })()");
  expect(await run("items.next()")).toEqual({ value: 1000, done: false });
  // One acknowledgement for many items, not one each.
  expect(host.lines.filter(({ body }) => body.includes("$/credit")).length).toBeLessThan(300);
});

/** Binds "rows", a stream that goes on until the page leaves it; settles then. */
function bindEndless(host: Page["host"]): Promise<true> {
  const closed = deferred<true>();
  host.bind("rows", async function* () {
    try {
      for (;;) yield 1;
    } finally {
      closed.resolve(true);
    }
  });
  return closed.promise;
}

test("leaving a loop that never began cancels the call", async () => {
  const { host, run } = await open();
  const closed = bindEndless(host);
  // A generator's methods are the page's to replace; the bridge uses its own.
  await run("Object.getPrototypeOf(async function* () {}.prototype).next = () => { throw 'mine' }");
  expect(await run("auroraview.call('rows').then(items => items.return('left'))")).toEqual({ value: "left", done: true });
  await until(() => host.cancelled.includes(1));
  expect(await closed).toBe(true);
});

test("leaving the loop cancels the call", async () => {
  const { host, run } = await open();
  const closed = bindEndless(host);
  expect(await run("collect(auroraview.call('rows'), 2)")).toEqual([1, 1]);
  await until(() => host.cancelled.includes(1));
  expect(await closed).toBe(true);
});

test("an error comes after the items before it", async () => {
  const { host, run } = await open();
  host.bind("rows", function* () {
    yield 1;
    throw Object.assign(new Error("no more"), { code: "EMPTY" });
  });
  const seen = await run(`(async () => {
    const seen = [];
    try { for await (const row of auroraview.call('rows')) seen.push(row) } catch (error) { seen.push(error.code) }
    return seen;
  })()`);
  expect(seen).toEqual([1, "EMPTY"]);
});

test("an abort ends the loop at once", async () => {
  const { host, run } = await open();
  host.bind("rows", function* () {
    for (;;) yield 1;
  });
  const error = await failure(run(`(async () => {
    const aborter = new AbortController();
    for await (const row of auroraview.call('rows', null, { signal: aborter.signal })) aborter.abort();
  })()`));
  expect(error).toMatchObject({ code: "CANCELLED", name: "AbortError" });
  expect(host.cancelled).toEqual([1]);
});

test("a loop over a call that fails, or brings no stream, throws; nobody else hears of it", async () => {
  const { host, run, errors } = await open();
  host.bind("list", () => [1]);
  expect(await failure(run("collect(auroraview.call('list'))"))).toMatchObject({ code: "INVALID_DATA" });
  expect(await failure(run("collect(auroraview.call('missing'))"))).toMatchObject({ code: "METHOD_NOT_FOUND" });
  await tasks(3);
  expect(errors).toEqual([]);
});

test("progress is reported until the answer", async () => {
  const { host, run } = await open();
  host.bind("work", (_, { progress }) => {
    progress(1, 2, "half");
    progress(2);
    return "done";
  });
  const seen = await run(`(async () => {
    const seen = [];
    seen.push(await auroraview.call('work', null, { onProgress: (report) => seen.push(report) }));
    return seen;
  })()`);
  expect(seen).toEqual([{ done: 1, total: 2, text: "half" }, { done: 2, total: null, text: null }, "done"]);
});

test("a stream of the page is pulled, item by item", async () => {
  const { host, run, sent } = await open();
  const answer = deferred<null>();
  host.bind("take", () => answer.promise);
  run(`
    window.left = 0;
    window.call = auroraview.call('take', [(async function* () {
      try { for (let n = 0; ; n += 1) yield n; } finally { left += 1; }
    })()])`);
  await until(() => host.lines.some(({ kind }) => kind === "q"));
  const { ext, params } = JSON.parse(host.lines.find(({ kind }) => kind === "q")!.body);
  expect(params).toEqual([{ [`$stream${ext.mark}`]: 0 }]);
  const stream = ext.streams[0] as number;
  await tasks(3);
  expect(sent("$/progress")).toEqual([]);
  host.send({ method: "$/credit", params: { stream, items: 3 } });
  await until(() => sent("$/progress").length === 3);
  await tasks(3);
  expect(sent("$/progress").map(({ body }) => JSON.parse(body).params)).toEqual([0, 1, 2].map((item) => ({ stream, item })));
  answer.resolve(null); // the call is over, and so are its streams
  expect(await run("call")).toBe(null);
  await until(() => run("left") === 1);
});

test("a stream that ends, fails, or is not wanted any more", async () => {
  const { host, run, sent } = await open();
  host.bind("take", () => new Promise(() => {}));
  run(`
    window.left = 0;
    const items = async function* (fails) { try { yield 1; if (fails) throw new RangeError('enough'); } finally { left += 1 } };
    void auroraview.call('take', { a: items(false), b: items(true), c: items(false), d: [(async function* () { yield new Map() })()] })`);
  await until(() => host.lines.some(({ kind }) => kind === "q"));
  const [a, b, c, d] = JSON.parse(host.lines.find(({ kind }) => kind === "q")!.body).ext.streams;
  for (const stream of [a, b, c, d]) host.send({ method: "$/credit", params: { stream, items: stream === c ? 1 : 5 } });
  await until(() => sent("$/progress").length === 6);
  host.send({ method: "$/cancelRequest", params: { stream: c } });
  await until(() => run("left") === 3);
  const last = (stream: number) => sent(`"stream":${stream},`).map(({ body }) => JSON.parse(body).params).at(-1);
  expect(last(a)).toEqual({ stream: a, end: true });
  expect(last(b)).toMatchObject({ error: { message: "enough", data: { name: "RangeError", code: "EXECUTION_ERROR" } } });
  expect(last(c)).toEqual({ stream: c, item: 1 });
  expect(last(d)).toMatchObject({ error: { message: "a Map cannot be sent" } });
});

test("the host calls functions of the page", async () => {
  const { host, run, auroraview } = await open();
  run(`
    auroraview.handle('add', ([a, b]) => a + b);
    auroraview.handle('later', async (n) => n);
    auroraview.handle('nothing', () => {});
    auroraview.handle('fail', () => { throw new RangeError('enough') });
    auroraview.handle('odd', () => { throw null });
    auroraview.handle('unsayable', () => new Set());
    window.aborted = 0;
    auroraview.handle('never', (_, { signal }) => new Promise(() => signal.addEventListener('abort', () => { aborted += 1 })));`);
  expect(await host.ask("add", [1, 2]).answer).toBe(3);
  expect(await host.ask("later", 5).answer).toBe(5);
  expect(await host.ask("nothing").answer).toBe(null);
  const wrong = { fail: "enough", odd: "null", unsayable: "a Set cannot be sent", missing: "the page has no function called missing" };
  for (const [name, message] of Object.entries(wrong)) {
    expect(await failure(host.ask(name).answer)).toMatchObject({ message, data: { name: expect.any(String) } });
  }
  const never = host.ask("never");
  await tasks(2);
  never.cancel();
  await until(() => run("aborted") === 1);
  const end = auroraview.handle("add", () => "another");
  expect(await host.ask("add").answer).toBe("another");
  end();
  expect(await failure(host.ask("add").answer)).toMatchObject({ data: { code: "METHOD_NOT_FOUND" } });
});

test("functions wait for the page's scripts, and one that was given up before never runs", async () => {
  const host = (await import("../src/testing.ts")).createFakeHost();
  const given = host.ask("late", 1);
  const kept = host.ask("late", 2);
  given.cancel();
  const { run } = await openPage({
    host,
    html: "<script>window.ran = []; setTimeout(() => 0); document.addEventListener('DOMContentLoaded', () => auroraview.handle('late', (n) => ran.push(n)))</script>",
  });
  expect(await kept.answer).toBe(1);
  expect(run("ran")).toEqual([2]);
});
