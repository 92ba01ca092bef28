import { afterEach, describe, expect, expectTypeOf, test } from "vitest";
import { createClient, isAuroraViewError, keywords } from "../../src/client/index.ts";
import { createFakeHost } from "../../src/testing.ts";
import { failure, tasks } from "../page.ts";
import type { Api } from "./api.ts";

function open() {
  const host = createFakeHost();
  const seen: unknown[] = [];
  for (const name of ["api.add", "api.scene.create", "api.rename", "ping"]) {
    host.bind(name, (params) => {
      seen.push(params);
      return name === "api.add" ? (params[0] as number) + (params[1] ?? 10) : null;
    });
  }
  return { host, seen, client: createClient<Api>(host.open()) };
}

describe("calls", () => {
  test("positions are always an array; what is left out at the end is left out", async () => {
    const { client, seen } = open();
    expect(await client.api.add(1, 2)).toBe(3);
    expect(await client.api.add(1)).toBe(11);
    await client.api.add(1, undefined);
    await client.api.scene.create("cube");
    await client.ping();
    expect(seen).toEqual([[1, 2], [1], [1], ["cube"], undefined]);
  });

  test("one object or array is one argument, not names or positions", async () => {
    const { client, seen } = open();
    await (client as any).api.add({ a: 1 }).catch(() => 0);
    await (client as any).api.add([1, 2]).catch(() => 0);
    expect(seen).toEqual([[{ a: 1 }], [[1, 2]]]);
  });

  test("keywords go by name", async () => {
    const { client, seen } = open();
    await client.api.rename(keywords({ to: "x" }));
    await client.call("api.rename", { to: "y" });
    expect(seen).toEqual([{ to: "x" }, { to: "y" }]);
  });

  test("with: options for one call", async () => {
    const { client, host } = open();
    host.bind("api.add", () => new Promise(() => {}));
    const abort = new AbortController();
    const cancelled = failure(client.with({ signal: abort.signal }).api.add(1));
    const late = failure(client.with({ timeout: 1 }).api.add(1));
    abort.abort();
    expect([(await cancelled).code, (await late).code]).toEqual(["CANCELLED", "TIMEOUT"]);
  });

  test("a client is not awaited, printed or compared by a call", async () => {
    const { client, host } = open();
    expect(await (client as unknown)).toBe(client);
    expect(await (client.api as unknown)).toBe(client.api);
    expect(client.api.scene).toBe(client.api.scene);
    expect(String(client.api.add)).toContain("function");
    JSON.stringify(client);
    await tasks();
    expect(host.lines.filter(({ kind }) => kind === "q")).toEqual([]);
  });
});

test("events, sends, state", async () => {
  const { client, host } = open();
  const frames: number[] = [];
  const stop = client.on("frame_changed", ({ frame }) => frames.push(frame));
  client.once("frame_changed", ({ frame }) => frames.push(-frame));
  host.emit("frame_changed", { frame: 1 });
  await tasks(2);
  stop();
  host.emit("frame_changed", { frame: 2 });
  client.send("picked", { name: "cube" });
  client.send("closed");
  client.state.set("zoom", 2);
  client.values.tool = { name: "knife" };
  await tasks(2);
  expect(frames).toEqual([1, -1]);
  expect(host.events).toEqual([{ name: "picked", detail: { name: "cube" } }, { name: "closed", detail: {} }]);
  expect(Object.fromEntries(host.state.values)).toEqual({ zoom: 2, tool: { name: "knife" } });
  expect(["zoom" in client.values, Object.keys(client.values), { ...client.values }]).toEqual([
    true,
    ["zoom", "tool"],
    { zoom: 2, tool: { name: "knife" } },
  ]);
  delete client.values.zoom;
  expect([client.values.zoom, "zoom" in client.values, client.state.get("zoom")]).toEqual([undefined, false, undefined]);
  await client.whenReady();
  expect(client.isAvailable).toBe(true);
});

test("errors are told apart by code", async () => {
  const { client, host } = open();
  host.bind("ping", () => {
    throw Object.assign(new Error("no such shot"), { code: "NO_SUCH_SHOT", data: { id: 7 } });
  });
  const error: unknown = await failure(client.ping());
  expect(isAuroraViewError(error)).toBe(true);
  expect([isAuroraViewError(error, "NO_SUCH_SHOT"), isAuroraViewError(error, "TIMEOUT")]).toEqual([true, false]);
  expect([new Error("x"), "NO_SUCH_SHOT", { code: "NO_SUCH_SHOT" }, null].map((each) => isAuroraViewError(each))).toEqual([
    false,
    false,
    false,
    false,
  ]);
  if (!client.isError(error, "NO_SUCH_SHOT")) throw error;
  expectTypeOf(error.data).toEqualTypeOf<{ id: number } | undefined>();
  expect(error.data?.id).toBe(7);
});

describe("in an ordinary browser", () => {
  afterEach(() => void delete (globalThis as any).auroraview);

  test("calls say that there is no host, and nothing else fails", async () => {
    const client = createClient<Api>();
    expect(client.isAvailable).toBe(false);
    for (const promise of [client.api.add(1), client.whenReady()]) {
      const error: unknown = await failure(promise);
      expect(isAuroraViewError(error, "NO_HOST")).toBe(true);
    }
    client.on("frame_changed", () => {})();
    client.send("picked", { name: "x" });
    client.setConfig({ callTimeoutMs: 1 });
    await client.drained();
    const seen: unknown[] = [];
    const stop = client.state.subscribe("zoom", ({ value }) => seen.push(value));
    client.state.set("zoom", 3);
    client.state.delete("zoom");
    stop();
    client.values.zoom = 4;
    expect([seen, client.values.zoom]).toEqual([[3, undefined], 4]);
  });

  test("a client that was made before the bridge finds it", async () => {
    const client = createClient<Api>();
    const host = createFakeHost();
    host.bind("api.add", ([a, b]) => a + b);
    (globalThis as any).auroraview = host.open();
    expect(await client.api.add(1, 2)).toBe(3);
  });
});

test("types", () => {
  const client = createClient<Api>();
  expectTypeOf(client.api.add).parameters.toEqualTypeOf<[a: number, b?: number]>();
  expectTypeOf(client.api.scene.create).returns.resolves.toEqualTypeOf<{ id: number }>();
  expectTypeOf(client.with({}).ping).returns.resolves.toEqualTypeOf<string>();
  expectTypeOf(client.call<"api.add">).returns.resolves.toEqualTypeOf<number>();
  expectTypeOf(client.state.get("zoom")).toEqualTypeOf<number | undefined>();
  expectTypeOf(client.values.tool).toEqualTypeOf<{ name: string } | undefined>();
  const never = () => {
    // @ts-expect-error no such function
    void client.api.subtract(1);
    // @ts-expect-error no number
    void client.api.add("1");
    // @ts-expect-error not by name
    void client.api.rename({ to: "x" });
    // @ts-expect-error no such event
    client.on("frame", () => {});
    // @ts-expect-error needs its data
    client.send("picked");
    // @ts-expect-error no such state
    client.state.set("zoomed", 1);
    // @ts-expect-error no such code
    client.isError(null, "NO_SUCH");
    void createClient().anything!.goes!(1, 2);
    createClient().on("anything", ({ goes }) => goes);
  };
  expect(never).toBeTypeOf("function");
});
