import { expect, test } from "vitest";
import { loadPage, openPage, tasks, thrown, until } from "./page.ts";

test("on, its unsubscribe, once, off", async () => {
  const { auroraview, host } = await openPage();
  const seen: string[] = [];
  const handler = () => seen.push("handler");
  const stop = auroraview.on("e", (data) => seen.push(`on ${data}`));
  auroraview.once("e", (data) => seen.push(`once ${data}`));
  auroraview.on("e", handler);
  auroraview.on("e", handler);
  const emit = async (data: number) => {
    host.emit("e", data);
    await tasks(2);
    return seen.splice(0);
  };
  expect(await emit(1)).toEqual(["on 1", "once 1", "handler", "handler"]);
  expect(await emit(2)).toEqual(["on 2", "handler", "handler"]);
  stop();
  stop();
  auroraview.off("e", handler);
  expect(await emit(3)).toEqual([]);
  auroraview.on("e", handler);
  auroraview.off("e");
  auroraview.off("never");
  expect(await emit(4)).toEqual([]);
});

test("absent params are {}; null stays null", async () => {
  const { auroraview, host } = await openPage();
  const seen: unknown[] = [];
  auroraview.on("e", (data) => seen.push(data));
  host.emit("e");
  host.emit("e", null);
  await until(() => seen.length === 2);
  expect(seen).toEqual([{}, null]);
});

test("a handler that throws is reported and the others run", async () => {
  const { auroraview, host, errors } = await openPage();
  const seen: number[] = [];
  auroraview.on("e", () => {
    throw new Error("mine");
  });
  auroraview.on("e", () => seen.push(1));
  host.emit("e");
  host.emit("e");
  await until(() => errors.length === 2);
  expect(seen).toEqual([1, 1]);
  expect(errors[0]).toContain("mine");
});

test("handlers may subscribe and unsubscribe while they run", async () => {
  const { auroraview, host } = await openPage();
  const seen: string[] = [];
  const again = () => {
    seen.push("again");
    auroraview.off("e", again);
    auroraview.on("e", again); // would run for ever if it saw this event
    stop();
    auroraview.on("e", () => seen.push("late"));
  };
  auroraview.on("e", again);
  const stop = auroraview.on("e", () => seen.push("stopped"));
  auroraview.on("e", () => seen.push("last"));
  host.emit("e");
  await until(() => seen.length > 0);
  expect(seen.splice(0)).toEqual(["again", "last"]);
  host.emit("e");
  await until(() => seen.length > 0);
  expect(seen).toEqual(["last", "again", "late"]);
});

test.each(["", "$/x", 5, undefined])("the name %j is refused", async (name) => {
  const { auroraview } = await openPage();
  for (const fn of [() => auroraview.on(name as string, () => {}), () => auroraview.send_event(name as string)]) {
    expect(thrown(fn)).toMatchObject({ code: "INVALID_ARGUMENTS" });
  }
});

test("a handler must be a function", async () => {
  const { auroraview } = await openPage();
  expect(thrown(() => auroraview.on("e", {} as never))).toMatchObject({ code: "INVALID_ARGUMENTS" });
});

test("send_event", async () => {
  const { auroraview, host } = await openPage();
  auroraview.send_event("a");
  auroraview.send_event("b", null);
  auroraview.send_event("c", { x: 1 });
  await tasks();
  expect(host.events).toEqual([{ name: "a", detail: {} }, { name: "b", detail: null }, { name: "c", detail: { x: 1 } }]);
});

test("QUEUE_FULL at 65,536 events without credit; drained() below half", async () => {
  const { auroraview, host } = await openPage({ autoCredit: false });
  for (let i = 0; i < 65_536; i += 1) auroraview.send_event("n", i);
  expect(thrown(() => auroraview.send_event("n"))).toMatchObject({ code: "QUEUE_FULL" });
  let drained = false;
  void auroraview.drained().then(() => (drained = true));
  host.credit(32_768);
  await tasks(3);
  expect(drained).toBe(false);
  host.credit(1);
  await until(() => drained);
  auroraview.send_event("n");
  host.credit(1_000_000); // more than there were: counted as all
  await tasks(2);
  await auroraview.drained();
});

test("Python's events reach window as CustomEvents, after the handlers", async () => {
  const { auroraview, host, window, run } = await openPage();
  const seen: string[] = [];
  window.addEventListener("e", (event) => seen.push(`dom ${(event as CustomEvent).detail.x}`));
  auroraview.on("e", ({ x }) => seen.push(`on ${x}`));
  run("addEventListener('e', (event) => { isCustom = event instanceof CustomEvent })");
  host.emit("e", { x: 1 });
  await until(() => seen.length === 2);
  expect(seen).toEqual(["on 1", "dom 1"]);
  expect(window["isCustom"]).toBe(true);
});

test.each(["load", "click", "message", "error", "DOMContentLoaded", "auroraviewready", "visibilitychange"])(
  "no DOM event for the browser's own %s",
  async (name) => {
    const { auroraview, host, window } = await openPage({ before: (w) => (w["document"].onvisibilitychange = null) });
    const seen: string[] = [];
    window.addEventListener(name, () => seen.push("dom"));
    auroraview.on(name, () => seen.push("on"));
    host.emit(name, 1);
    await until(() => seen.length > 0);
    expect(seen).toEqual(["on"]);
  },
);

test("CustomEvents of subscribed names are forwarded: on window, by bubbling, and no others", async () => {
  const { host, window, run } = await openPage({ session: { events: ["e", "click", ""] } });
  run(`
    dispatchEvent(new CustomEvent("e", { detail: { direct: 1 } }));
    document.documentElement.dispatchEvent(new CustomEvent("e", { detail: "bubbled", bubbles: true }));
    document.documentElement.dispatchEvent(new CustomEvent("e", { detail: "not bubbled" }));
    dispatchEvent(new CustomEvent("e"));
    dispatchEvent(new CustomEvent("e", { detail: null }));
    dispatchEvent(new CustomEvent("e", { detail: 0 }));
    dispatchEvent(new Event("e"));
    document.documentElement.click();
    dispatchEvent(new CustomEvent("click", { detail: "custom" }));
    dispatchEvent(new CustomEvent("other"));
    document.addEventListener("e", (event) => event.stopPropagation());
    document.documentElement.dispatchEvent(new CustomEvent("e", { detail: "stopped", bubbles: true }));
  `);
  await tasks();
  expect(host.events.map(({ name, detail }) => [name, detail])).toEqual([
    ["e", { direct: 1 }], ["e", "bubbled"], ["e", {}], ["e", {}], ["e", 0], ["click", "custom"],
  ]);
  expect(window["auroraview"].isReady()).toBe(true);
});

test("what cannot be sent is reported and does not reach the dispatcher", async () => {
  const { host, run, errors } = await openPage({ session: { events: ["e"] } });
  run("dispatchEvent(new CustomEvent('e', { detail: new Map() }))");
  await tasks();
  expect(host.events).toEqual([]);
  expect(errors[0]).toContain("Map");
});

test("our own events never go back", async () => {
  const { host, auroraview, run, window } = await openPage({ session: { events: ["e"] } });
  run("addEventListener('e', (event) => { kept = event })");
  host.emit("e", 1);
  await until(() => window["kept"] !== undefined);
  run("dispatchEvent(kept)");
  await tasks();
  expect(host.events).toEqual([]);
  auroraview.send_event("e", 2);
  await tasks();
  expect(host.events).toEqual([{ name: "e", detail: 2 }]);
});

test("the session's names are followed", async () => {
  const { host, run } = await openPage({ session: { events: ["a"] } });
  host.setSession({ events: ["b"] });
  await tasks(2);
  run("for (const name of ['a', 'b']) dispatchEvent(new CustomEvent(name))");
  await tasks();
  expect(host.events.map(({ name }) => name)).toEqual(["b"]);
  host.setSession({ events: ["a", "b", "b"] });
  await tasks(2);
  run("for (const name of ['a', 'b']) dispatchEvent(new CustomEvent(name))");
  await tasks();
  expect(host.events.map(({ name }) => name)).toEqual(["b", "a", "b"]);
  host.close();
  await tasks(2);
  run("dispatchEvent(new CustomEvent('a'))");
});

test("events wait for the page's scripts; responses do not", async () => {
  const page = loadPage({
    html: `<script>
      seen = [];
      auroraview.call("f").then((result) => seen.push("result " + result));
      document.addEventListener("DOMContentLoaded", () => auroraview.on("e", (data) => seen.push(data)));
    </script>`,
  });
  page.host.bind("f", () => 1);
  for (const n of [1, 2, 3]) page.host.emit("e", n);
  await until(() => page.window["seen"].length === 4);
  page.host.emit("e", 4);
  await until(() => page.window["seen"].length === 5);
  expect(page.window["seen"]).toEqual(["result 1", 1, 2, 3, 4]);
});

test("a handler that throws does not stop the events behind it when they are released", async () => {
  const page = loadPage({ html: "<script>seen = []; auroraview.on('e', (n) => { seen.push(n); throw n })</script>" });
  for (const n of [1, 2]) page.host.emit("e", n);
  await until(() => page.window["seen"].length === 2);
});

test("messages of a batch arrive in order, each by itself", async () => {
  const { host, auroraview } = await openPage();
  const seen: unknown[] = [];
  host.bind("f", () => "result");
  auroraview.on("e", (n) => {
    seen.push(n);
    if (n === 1) throw new Error("mine");
  });
  for (let n = 0; n < 5; n += 1) host.emit("e", n);
  await until(() => seen.length === 5);
  expect(seen).toEqual([0, 1, 2, 3, 4]);
});
