import { expect, test } from "vitest";
import { createFakeHost } from "../src/testing.ts";
import { deferred, failure, loadPage, openPage, SECRET, tasks, thrown, until } from "./page.ts";

test("the first post holds the hello; every post has secret and nonce", async () => {
  const { host, auroraview } = await openPage();
  auroraview.send_event("a");
  await tasks();
  const nonces = host.posts.map((post) => post.split(" ").slice(0, 2).join(" "));
  expect(nonces[0]).toMatch(new RegExp(`^${SECRET} [0-9a-f]{32}$`));
  expect(new Set(nonces).size).toBe(1);
  expect(host.posts[0]).toBe(`${nonces[0]} 0\nh 0 {}\n`);
});

test("each document has its own nonce", async () => {
  const [a, b] = [await openPage(), await openPage()];
  expect(a.host.posts[0]).not.toBe(b.host.posts[0]);
});

test("lines of one task go with one post, in order", async () => {
  const { host, auroraview } = await openPage();
  const before = host.posts.length;
  for (let i = 0; i < 100; i += 1) auroraview.send_event("n", i);
  expect(host.posts.length).toBe(before);
  await tasks();
  const lines = host.posts.slice(before).flatMap((post) => post.split("\n").slice(1, -1));
  expect(host.posts[before]?.split("\n").length).toBe(102);
  expect(lines.length).toBe(100);
  expect(host.events.map(({ detail }) => detail)).toEqual(Array.from({ length: 100 }, (_, i) => i));
});

test("idle: one post stays parked", async () => {
  const { host } = await openPage();
  await tasks(5);
  expect(host.parked).toBe(1);
  const posts = host.posts.length;
  await tasks(5);
  expect(host.posts.length).toBe(posts);
});

test("a loop of calls takes one post a call", async () => {
  const { host, run } = await openPage();
  host.bind("f", () => 1);
  const before = host.posts.length;
  await run("(async () => { for (let i = 0; i < 50; i += 1) await auroraview.call('f') })()");
  expect(host.posts.length - before).toBeLessThanOrEqual(52);
  expect(host.parked).toBeGreaterThanOrEqual(1);
});

test("slow calls never hold back a later call or their own cancellation", async () => {
  const { host, auroraview, window } = await openPage();
  const never = deferred();
  host.bind("slow", () => never.promise);
  host.bind("fast", () => "fast");
  const controller: AbortController = new window["AbortController"]();
  const calls = [];
  for (let i = 0; i < 20; i += 1) {
    calls.push(failure(auroraview.call("slow", null, { signal: controller.signal })));
    await tasks();
    expect(host.parked).toBeLessThanOrEqual(4);
  }
  expect(await auroraview.call("fast")).toBe("fast");
  controller.abort();
  await Promise.all(calls);
  await until(() => host.cancelled.length === 20);
});

test("under load lines collect while the surplus post is on its way", async () => {
  // A UI process that does not answer even the surplus post for a while.
  const posts: { text: string; answer: (batch: string) => void }[] = [];
  const host = { ...createFakeHost(), post: (text: string) => new Promise<string>((answer) => posts.push({ text, answer })) };
  const { auroraview } = await openPage({ host });
  for (let i = 0; i < 50; i += 1) {
    auroraview.send_event("n", i);
    await tasks();
  }
  expect(posts.length).toBe(5);
  posts[0]?.answer("[]");
  await tasks();
  expect(posts.length).toBe(6);
  expect(posts[5]?.text.match(/^n /gm)?.length).toBe(46);
});

test("no more is posted for answers while one post is parked", async () => {
  const { host } = await openPage();
  for (let i = 0; i < 10; i += 1) {
    host.emit("tick", i);
    await tasks();
  }
  expect(host.parked).toBe(1);
});

test("refused: calls reject, the text is shown once, posting stops", async () => {
  const { host, auroraview, errors } = await openPage({ autoCredit: false });
  host.bind("f", () => new Promise(() => {}));
  const calls = [failure(auroraview.call("f")), failure(auroraview.call("f"))];
  for (let i = 0; i < 40_000; i += 1) auroraview.send_event("n");
  const drained = failure(auroraview.drained());
  await tasks();
  host.close("refused: the origin is not allowed");
  for (const error of await Promise.all(calls)) expect(error).toMatchObject({ code: "CLOSED" });
  expect(await drained).toMatchObject({ code: "CLOSED" });
  await tasks(2);
  expect(errors).toEqual(["auroraview: the link is gone: refused: the origin is not allowed"]);
  const posts = host.posts.length;
  expect(await failure(auroraview.call("f"))).toMatchObject({ code: "CLOSED" });
  expect(thrown(() => auroraview.send_event("e"))).toMatchObject({ code: "CLOSED" });
  await tasks(2);
  expect(host.posts.length).toBe(posts);
});

test("a UI process that goes away is the same", async () => {
  const { host, auroraview, errors } = await openPage();
  host.close("the process is gone");
  await tasks(2);
  expect(errors).toEqual(["auroraview: the link is gone: the process is gone"]);
  expect(await failure(auroraview.call("f"))).toMatchObject({ code: "CLOSED" });
});

test("refused before ready: whenReady rejects", async () => {
  const host = createFakeHost();
  host.close("refused");
  const { auroraview } = loadPage({ host });
  expect(await failure(auroraview.whenReady())).toMatchObject({ code: "CLOSED" });
  expect(await failure(auroraview.whenReady())).toMatchObject({ code: "CLOSED" });
  expect(auroraview.isReady()).toBe(false);
});

test("a transport that throws is gone", async () => {
  const post = () => {
    throw new Error("no handler");
  };
  const { auroraview } = await openPage({ host: { ...createFakeHost(), post } });
  expect(await failure(auroraview.call("f"))).toMatchObject({ code: "CLOSED" });
});

test("a batch that cannot be read fails the calls and the bridge goes on", async () => {
  const { host, auroraview, errors } = await openPage();
  host.bind("slow", () => new Promise(() => {}));
  host.bind("f", () => 1);
  const call = failure(auroraview.call("slow"));
  await tasks();
  host.send("{not json");
  expect(await call).toMatchObject({ code: "INTERNAL" });
  expect(errors[0]).toContain("an answer could not be read");
  expect(await auroraview.call("f")).toBe(1);
});

test("what is no message is reported; the rest of the batch arrives", async () => {
  const { host, auroraview, errors } = await openPage();
  const seen: unknown[] = [];
  auroraview.on("n", (data) => seen.push(data));
  for (const text of ["1", "null", "[]", "{}", '{"id":"x","result":1}']) host.send(text);
  host.emit("n", 1);
  await until(() => errors.length === 5);
  expect(seen).toEqual([1]);
});

test("a request to the page is answered, an unknown notification is not", async () => {
  const { host } = await openPage();
  host.send({ id: 9, method: "ui.ask" });
  host.send({ method: "$/later", params: {} });
  await until(() => host.lines.length > 1);
  expect(host.lines.slice(1)).toMatchObject([{ kind: "r", id: 9 }]);
  expect(JSON.parse(host.lines[1]!.body).error.data.code).toBe("METHOD_NOT_FOUND");
});

/** A host that writes down, for each post, what it says was handled and what was, counted in answers and in ticks. */
function auditedHost() {
  const host = createFakeHost();
  const [posts, ticks]: [{ handled: number; answers: number; early: boolean }[], unknown[]] = [[], []];
  const delivered = [0]; // ticks that the first n answers brought
  const post = async (text: string) => {
    const handled = Number(text.split("\n")[0]?.split(" ")[2]);
    posts.push({ handled, answers: delivered.length - 1, early: delivered[handled]! > ticks.length });
    const batch: { method: string }[] = JSON.parse(await host.post(text));
    delivered.push(delivered.at(-1)! + batch.filter(({ method }) => method === "tick").length);
    return JSON.stringify(batch);
  };
  return { host: { ...host, post }, posts, ticks };
}

test("each post says how many answers are handled", async () => {
  const { host, posts, ticks } = auditedHost();
  const { auroraview } = await openPage({ host });
  auroraview.on("tick", (n) => ticks.push(n));
  for (let i = 0; i < 20; i += 1) {
    if (i % 3 === 0) auroraview.send_event("tock"); // a second post
    host.emit("tick", i);
    if (i % 2 === 0) await tasks();
  }
  await until(() => ticks.length === 20);
  await tasks();
  expect(posts.filter(({ early }) => early)).toEqual([]);
  expect(posts.filter(({ handled, answers }) => handled !== answers)).toEqual([]);
  expect(posts.length).toBeGreaterThan(10);
});

test("what the page holds back until its scripts have run is not handled, and told when it is", async () => {
  const { host, posts, ticks } = auditedHost();
  host.emit("tick", 1);
  const { auroraview } = loadPage({ host });
  auroraview.on("tick", (n) => ticks.push(n));
  await until(() => ticks.length === 1);
  await tasks();
  expect(posts.map(({ handled, early }) => ({ handled, early }))).toEqual([
    { handled: 0, early: false }, // hello
    { handled: 0, early: false }, // parks, with the tick held back
    { handled: 1, early: false }, // tells
  ]);
});
