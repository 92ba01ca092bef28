// The page's end of the shared state: the rules of protocol section 10, and that both ends agree whatever crosses on the way.
import { describe, expect, test } from "vitest";
import { createHandlers } from "../src/events.ts";
import { createFakeState, type PageChange } from "../src/fake-state.ts";
import type { StateChange } from "../src/index.ts";
import { createState } from "../src/state.ts";
import { createFakeHost } from "../src/testing.ts";
import { openPage, tasks, thrown, until } from "./page.ts";

/** What the page sent, as messages. */
const changes = (lines: readonly { body: string }[]) =>
  lines.map(({ body }) => JSON.parse(body)).filter(({ method }) => method === "$/state").map(({ params }) => params);

describe("in a page", () => {
  test("a document gets everything, and then what changes", async () => {
    const host = createFakeHost();
    host.state.update({ zoom: 1, tool: { name: "knife", sizes: [1, 2] } });
    const { auroraview, run } = await openPage({ host });
    expect([...auroraview.state.keys()]).toEqual(["zoom", "tool"]);
    run("seen = []; auroraview.state.subscribe(change => seen.push(change)); auroraview.state.subscribe('zoom', change => seen.push(change.value))");
    host.state.update({ zoom: 2 });
    host.state.update({ tool: undefined });
    host.state.update({ zoom: null, pan: [0, 0] });
    await tasks(2);
    expect(JSON.parse(JSON.stringify(run("seen")))).toEqual([
      2,
      { name: "zoom", value: 2, source: "python" },
      { name: "tool", source: "python" },
      null,
      { name: "zoom", value: null, source: "python" },
      { name: "pan", value: [0, 0], source: "python" },
    ]);
    expect([auroraview.state.get("zoom"), auroraview.state.get("tool")]).toEqual([null, undefined]);
  });

  test("the page sees its own change at once, and Python gets it", async () => {
    const { auroraview, host } = await openPage();
    const seen: StateChange[] = [];
    const stop = auroraview.state.subscribe("tool", (change) => seen.push(change));
    const tool = { name: "knife" };
    auroraview.state.set("tool", tool);
    tool.name = "changed later";
    expect(auroraview.state.get("tool")).toEqual({ name: "knife" });
    auroraview.state.update({ a: 1, b: 2 });
    auroraview.state.update({ a: undefined, c: 3 });
    auroraview.state.delete("tool");
    await tasks(2);
    expect(Object.fromEntries(host.state.values)).toEqual({ b: 2, c: 3 });
    expect(seen.map(({ value, source }) => [value, source])).toEqual([[{ name: "knife" }, "page"], [undefined, "page"]]);
    expect(changes(host.lines)).toEqual([
      { change: 1, set: { tool: { name: "knife" } }, delete: [] },
      { change: 2, set: { a: 1, b: 2 }, delete: [] },
      { change: 3, set: { c: 3 }, delete: ["a"] },
      { change: 4, set: {}, delete: ["tool"] },
    ]);
    stop();
    auroraview.state.set("tool", 1);
    expect(seen.length).toBe(2);
  });

  test("values are frozen, and the same object until they change", async () => {
    const { auroraview, host } = await openPage();
    auroraview.state.set("own", { deep: [{ x: 1 }] });
    host.state.update({ theirs: { deep: [{ x: 1 }] } });
    await tasks(2);
    for (const name of ["own", "theirs"]) {
      const value = auroraview.state.get(name);
      expect(() => value.deep[0].x++).toThrow();
      expect(() => value.deep.push(1)).toThrow();
      expect(auroraview.state.get(name)).toBe(value);
    }
  });

  test("any name works, also those that objects have", async () => {
    const { auroraview, host, run } = await openPage();
    for (const name of ["__proto__", "constructor", "toString", "名前", "a.b", 'with "quotes"', "42"]) {
      auroraview.state.set(name, { name });
      await tasks(2);
      expect(host.state.values.get(name), name).toEqual({ name });
      host.state.update(JSON.parse(`{${JSON.stringify(name)}: 7}`));
      await tasks(2);
      expect(auroraview.state.get(name), name).toBe(7);
    }
    expect(auroraview.state.get("hasOwnProperty")).toBe(undefined);
    expect(run("({}).polluted")).toBe(undefined);
  });

  test("what JSON cannot hold is refused, and nothing has changed then", async () => {
    const { auroraview, host, run } = await openPage();
    for (const bad of ["() => 1", "1n", "new Map()", "new Uint8Array(2)", "Symbol()", "{ x: new Set() }"]) {
      expect(thrown(() => run(`auroraview.state.update({ good: 1, bad: ${bad} })`)).code, bad).toBe("INVALID_DATA");
    }
    expect(thrown(() => auroraview.state.set("", 1)).code).toBe("INVALID_ARGUMENTS");
    expect(thrown(() => auroraview.state.set("$/x", 1)).code).toBe("INVALID_ARGUMENTS");
    expect(thrown(() => auroraview.state.set("x", "x".repeat(17 * 2 ** 20))).code).toBe("TOO_LARGE");
    expect(thrown(() => auroraview.state.subscribe("x", 1 as never)).code).toBe("INVALID_ARGUMENTS");
    await tasks(2);
    expect([[...auroraview.state.keys()], changes(host.lines)]).toEqual([[], []]);
    host.close();
    await tasks(2);
    expect(thrown(() => auroraview.state.set("x", 1)).code).toBe("CLOSED");
    expect(auroraview.state.get("x")).toBe(undefined);
  });

  test("a handler that throws keeps nobody from hearing, and handlers may change the state", async () => {
    const { auroraview, host, errors, run } = await openPage();
    run("auroraview.state.subscribe('n', () => { throw Error('no') })");
    run("auroraview.state.subscribe('n', ({ value }) => value < 5 && auroraview.state.set('n', value + 1))");
    host.state.update({ n: 1 });
    await until(() => host.state.values.get("n") === 5);
    await until(() => errors.length === 5);
    expect(auroraview.state.get("n")).toBe(5);
  });

  test("changes count as events: a page cannot drown Python", async () => {
    const { auroraview, host } = await openPage({ autoCredit: false });
    const error = thrown(() => {
      for (let n = 0; ; n += 1) auroraview.state.set("n", n);
    });
    expect([error.code, auroraview.state.get("n")]).toEqual(["QUEUE_FULL", 65_535]);
    host.credit(65_536);
    await tasks(2);
    auroraview.state.set("n", -1);
    await until(() => host.state.values.get("n") === -1);
  });

  test("it works in a page that replaced what it could", async () => {
    const { auroraview, host } = await openPage({
      html: `<script>
        for (const method of ["get", "set", "has", "delete", "forEach", "keys"]) Map.prototype[method] = () => { throw Error("page's") };
        JSON.stringify = JSON.parse = Object.freeze = () => { throw Error("page's") };
        Object.prototype.toJSON = function () { return this };
        Object.prototype.inherited = 1;
      </script>`,
    });
    auroraview.state.update({ x: { y: 1 } });
    host.state.update({ z: [1] });
    await tasks(2);
    expect([host.state.values.get("x"), auroraview.state.get("z")]).toEqual([{ y: 1 }, [1]]);
    expect([...host.state.values.keys()].sort()).toEqual(["x", "z"]);
  });
});

describe("what the host says of a name", () => {
  /** A page's end whose messages wait until they are delivered. */
  function createEnds() {
    const up: PageChange[] = [];
    const down: { message: { params: object }; key: string | undefined }[] = [];
    const sent = { down: 0 };
    const handlers = createHandlers();
    const sender = { send: (_: string, params: { text: string }) => void up.push(JSON.parse(params.text)) };
    const page = createState(sender as never, handlers);
    const host = createFakeState((message, key) => {
      const older = key === undefined ? -1 : down.findIndex((waiting) => waiting.key === key);
      if (older >= 0) down.splice(older, 1);
      down.push({ message: message as { params: object }, key });
      sent.down += 1;
    });
    return {
      page,
      host,
      handlers,
      down,
      deliverUp: () => void (up.length > 0 && host.onPage(up.shift()!)),
      deliverDown: () => void (down.length > 0 && page.onHost(down.shift()!.message.params as never)),
      settle() {
        while (up.length > 0) host.onPage(up.shift()!);
        while (down.length > 0) page.onHost(down.shift()!.message.params as never);
      },
      seen: () => Object.fromEntries([...page.page.keys()].map((name) => [name, page.page.get(name)])),
    };
  }

  test("is left out while a change of the page to it is on its way: the later one wins", () => {
    const { page, host, deliverDown, settle } = createEnds();
    host.update({ x: "python" });
    page.page.set("x", "page");
    deliverDown();
    expect(page.page.get("x")).toBe("page");
    settle();
    expect([page.page.get("x"), host.values.get("x")]).toEqual(["page", "page"]);
  });

  test("counts if Python changed it after it had the page's change", () => {
    const { page, host, deliverUp, settle } = createEnds();
    page.page.set("x", "page");
    deliverUp();
    host.update({ x: "python" });
    page.page.set("y", 1);
    settle();
    expect([page.page.get("x"), page.page.get("y"), host.values.get("x")]).toEqual(["python", 1, "python"]);
  });

  test("other names are not held up by it", () => {
    const { page, host, deliverDown } = createEnds();
    host.update({ x: 1, y: 1 });
    page.page.set("x", 2);
    deliverDown();
    expect([page.page.get("x"), page.page.get("y")]).toEqual([2, 1]);
  });

  test("a delete of one side and a change of the other: the last one that reaches Python", () => {
    const { page, host, settle, seen } = createEnds();
    host.update({ x: 1, y: 1 });
    settle();
    page.page.delete("x");
    host.update({ x: 2, y: undefined });
    page.page.set("y", 2);
    settle();
    expect([seen(), Object.fromEntries(host.values)]).toEqual([{ y: 2 }, { y: 2 }]);
  });

  test("a batch is seen whole", () => {
    const { page, host, handlers, settle } = createEnds();
    const seen: unknown[] = [];
    handlers.subscribe("$/state", () => seen.push([page.page.get("x"), page.page.get("y")]));
    host.update({ x: 1, y: 1 });
    settle();
    page.page.update({ x: 2, y: 2 });
    expect(seen).toEqual([[1, 1], [1, 1], [2, 2], [2, 2]]);
  });

  test("of many changes of one name the newest is left", () => {
    const { page, host, down, settle } = createEnds();
    for (let n = 0; n < 100_000; n += 1) host.update({ n });
    expect(down.length).toBe(1);
    settle();
    expect(page.page.get("n")).toBe(99_999);
  });

  /** A generator of numbers below n; the same for the same seed. */
  function dice(seed: number): (n: number) => number {
    let state = seed * 2654435761;
    return (n) => {
      state = (Math.imul(state ^ (state >>> 15), 2246822519) + 0x9e3779b9) | 0;
      return ((state ^ (state >>> 13)) >>> 0) % n;
    };
  }

  test("both ends agree at last, whatever crossed: a thousand random orders", () => {
    for (let seed = 1; seed <= 1000; seed += 1) {
      const ends = createEnds();
      const roll = dice(seed);
      const mirror: Record<string, unknown> = {};
      ends.handlers.subscribe("$/state", ({ name, value }) => (value === undefined ? delete mirror[name] : (mirror[name] = value)));
      const some = () => {
        const wanted: Record<string, unknown> = {};
        for (let n = 1 + roll(3); n > 0; n -= 1) wanted["abc"[roll(3)]!] = roll(4) === 0 ? undefined : roll(1000);
        return wanted;
      };
      for (let step = 0; step < 40; step += 1) {
        const act = roll(8);
        if (act < 2) ends.page.page.update(some() as never);
        else if (act < 4) ends.host.update(some());
        else (act < 6 ? ends.deliverUp : ends.deliverDown)();
      }
      ends.settle();
      const truth = Object.fromEntries(ends.host.values);
      expect(ends.seen(), `seed ${seed}`).toEqual(truth);
      expect(mirror, `handlers, seed ${seed}`).toEqual(truth);
    }
  });
});
