import { expect, test } from "vitest";
import { createFakeHost } from "../src/testing.ts";
import { deferred, failure, openPage, until } from "./page.ts";

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");

test("bytes arrive as bytes, in arguments, results and events", async () => {
  const { auroraview, host, run, window } = await openPage();
  host.bind("api.turn", ({ data, meta }: { data: Uint8Array; meta: number }) => ({ meta, data: data.reverse() }));
  run("auroraview.on('down', (data) => { got = data.bytes })");
  const answer = await run("auroraview.api.turn({ data: new Uint8Array([1, 2, 3]), meta: 4 })");
  expect([answer.meta, [...answer.data], answer.data instanceof window["Uint8Array"]]).toEqual([4, [3, 2, 1], true]);
  host.emit("down", { bytes: Uint8Array.from([7]) });
  await until(() => window["got"] !== undefined);
  expect([...window["got"]]).toEqual([7]);
  run("auroraview.send_event('up', [new Blob(['ab']), new Uint16Array([0x4443]), new Uint8Array(0)])");
  await until(() => host.events.length === 1);
  expect((host.events[0]!.detail as Uint8Array[]).map(text)).toEqual(["ab", "CD", ""]);
  expect(auroraview.isReady()).toBe(true);
});

test("what was sent later waits for the bytes, but control passes", async () => {
  const gate = deferred<void>();
  const host = createFakeHost();
  const { transfer } = host;
  host.transfer = async (...given: Parameters<typeof transfer>) => {
    await gate.promise;
    return transfer(...given);
  };
  host.bind("f", () => new Promise(() => {}));
  const { run } = await openPage({ host });
  run("c = new AbortController(); auroraview.call('f', 1, { signal: c.signal }).catch(() => {})");
  run("auroraview.send_event('a', new Uint8Array(1)); auroraview.send_event('b'); c.abort()");
  await until(() => host.cancelled.length === 1);
  expect(host.events).toEqual([]);
  gate.resolve();
  await until(() => host.events.length === 2);
  expect(host.events.map(({ name }) => name)).toEqual(["a", "b"]);
});

test("what came later waits for the bytes", async () => {
  const gate = deferred<void>();
  const host = createFakeHost();
  const { transfer } = host;
  host.transfer = async (...given: Parameters<typeof transfer>) => {
    await gate.promise;
    return transfer(...given);
  };
  host.bind("f", () => 1);
  const { run, window } = await openPage({ host });
  run("seen = []; for (const name of ['a', 'b']) auroraview.on(name, () => seen.push(name))");
  host.emit("a", new Uint8Array(1));
  host.emit("b");
  run("auroraview.call('f').then(() => seen.push('f'))");
  await until(() => host.parked === 1);
  expect(window["seen"]).toEqual([]);
  gate.resolve();
  await until(() => window["seen"].length === 3);
  expect(window["seen"]).toEqual(["a", "b", "f"]);
});

test("an upload that fails ends its message and no other", async () => {
  const host = createFakeHost();
  const { transfer } = host;
  host.bind("f", (bytes: Uint8Array) => bytes.length);
  const { auroraview, run, errors } = await openPage({ host });
  host.transfer = () => Promise.reject(new Error("no"));
  expect(await failure(run("auroraview.call('f', new Uint8Array(2))"))).toMatchObject({ code: "INTERNAL" });
  run("auroraview.send_event('lost', new Uint8Array(2))");
  await until(() => errors.length === 1);
  expect(errors[0]).toContain("the event lost is lost");
  host.transfer = transfer;
  expect(await run("auroraview.call('f', new Uint8Array(3))")).toBe(3);
  expect(host.events).toEqual([]);
  expect(await auroraview.drained()).toBeUndefined();
  expect(host.lines.filter(({ kind, body }) => kind === "c" && body.includes("$/dropped"))).toHaveLength(2);
});

test("bytes that cannot be fetched end their message and no other", async () => {
  const host = createFakeHost();
  const { transfer } = host;
  host.bind("f", () => new Uint8Array(2));
  const { run, errors, window } = await openPage({ host });
  run("seen = []; auroraview.on('a', () => seen.push('a')); auroraview.on('b', (data) => seen.push(data.length))");
  host.transfer = () => Promise.reject(new Error("no"));
  expect(await failure(run("auroraview.call('f')"))).toMatchObject({ code: "INTERNAL" });
  host.emit("a", new Uint8Array(1));
  await until(() => errors.length === 1);
  host.transfer = transfer;
  host.emit("b", new Uint8Array(4));
  await until(() => window["seen"].length === 1);
  expect(window["seen"]).toEqual([4]);
});

test("pieces say where they begin, and none is posted before the document is known", async () => {
  const host = createFakeHost({ autoHello: false });
  const posted: [string, number][] = [];
  const { transfer } = host;
  host.transfer = (path, key, body) => {
    posted.push([path, body!.length]);
    return transfer(path, key, body);
  };
  host.bind("f", (bytes: Uint8Array) => bytes.length);
  const { run } = await openPage({ host });
  const answer = run("auroraview.call('f', new Uint8Array(9 * 2 ** 20))");
  expect(posted).toEqual([]);
  host.hello();
  expect(await answer).toBe(9 * 2 ** 20);
  expect(posted.map(([, length]) => length / 2 ** 20)).toEqual([4, 4, 1]);
  expect(posted.map(([path]) => path.split("/")[2])).toEqual(["0", `${4 << 20}`, `${8 << 20}`]);
});

test("bytes of events count, until Python has handled them", async () => {
  const { auroraview, host, run } = await openPage({ autoCredit: false });
  run("big = new Uint8Array(200 * 2 ** 20)");
  for (let n = 0; n < 5; n += 1) run("auroraview.send_event('e', big)");
  run("auroraview.send_event('e', big)");
  expect(() => run("auroraview.send_event('e', big)")).toThrow(/drained/);
  host.credit(70_000);
  await auroraview.drained();
}, 60_000);

test("long texts go beside the message, both ways, as they are", async () => {
  const host = createFakeHost();
  const texts = ["xyz", "界🎈", "\ufeff..", "\0\n\t"].map((text) => text.repeat(11_000));
  host.bind("f", (data: unknown) => data);
  const { auroraview } = await openPage({ host });
  for (const text of texts) expect(await auroraview.call("f", { a: [text], b: "short" })).toEqual({ a: [text], b: "short" });
  const named = host.lines.filter(({ kind }) => kind === "q").map(({ bytes }) => bytes.map((each) => each.length));
  expect(named).toEqual([[33_000], [77_000], [], [33_000]]);
}, 60_000);

test("half of a surrogate pair stays what it is", async () => {
  const host = createFakeHost();
  host.bind("f", (text: string) => text.charCodeAt(40_000));
  const { auroraview } = await openPage({ host });
  expect(await auroraview.call("f", `${"x".repeat(40_000)}\ud83d`)).toBe(0xd83d);
});
