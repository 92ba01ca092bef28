// The fast lane, from the side of the page: the library in the web process is played here.
import { expect, test } from "vitest";
import { openPage, tasks, until, type Page } from "./page.ts";

interface FakeLane {
  readonly said: string[];
  readonly pieces: [number, number[]][];
  onPiece?: () => void;
  /** Whether the next piece goes at once. */
  full: boolean;
  /** Absent until the bridge takes what comes. */
  take?: (came: string | Uint8Array | true | null, count: number) => void;
}

async function open(html?: string): Promise<Page & { lane: FakeLane }> {
  const lane: FakeLane = { said: [], pieces: [], full: false };
  const page = await openPage({
    ...(html !== undefined && { html }),
    before(window) {
      const say = (text: string) => void lane.said.push(text);
      window["__auroraview_lane__"] = Object.assign(say, {
        take: (onCame: FakeLane["take"]) => void Object.assign(lane, { take: onCame }),
        bytes(number: number, piece: Uint8Array) {
          lane.pieces.push([number, [...piece]]);
          lane.onPiece?.();
          return !lane.full;
        },
      });
    },
  });
  return { ...page, lane };
}

const event = (name: string, params: unknown) => JSON.stringify([{ jsonrpc: "2.0", method: name, params }]);

test("the page never sees the library's function, and the document offers itself with the nonce of its posts", async () => {
  const { window, lane, host } = await open("<!doctype html><script>window.seen = '__auroraview_lane__' in window</script>");
  expect(window["seen"]).toBe(false);
  expect(lane.said).toEqual([host.posts[0]?.split(" ")[1]]);
  expect(lane.take).toBeUndefined();
});

test("behind the marker everything goes by the lane, and the last line of the other way says so", async () => {
  const { auroraview, lane, host } = await open();
  auroraview.send_event("a", 1);
  host.send({ jsonrpc: "2.0", method: "$/lane" });
  await until(() => lane.take !== undefined);
  auroraview.send_event("b", 2);
  await until(() => lane.said.length === 2 && host.lines.length === 3);
  expect(host.lines.map(({ kind }) => kind)).toEqual(["h", "n", "l"]);
  expect(lane.said[1]).toBe('0\nn 0 {"jsonrpc":"2.0","method":"b","params":2}\n');
});

test("a page that says much in one go is heard before it ends", async () => {
  const { run, lane, host } = await open();
  host.send({ jsonrpc: "2.0", method: "$/lane" });
  await until(() => lane.take !== undefined);
  await tasks(3);
  const before = lane.said.length;
  run("for (let n = 0; n < 2000; n++) auroraview.send_event('many', n)");
  expect(lane.said.length).toBeGreaterThan(before);
  await until(() => lane.said.at(-1)?.includes('"params":1999}') === true);
  const numbers = lane.said.slice(before).join("").matchAll(/"params":(\d+)}/g);
  expect([...numbers].map((each) => Number(each[1]))).toEqual(Array.from({ length: 2000 }, (_, n) => n));
});

test("a lane that nobody offered is ignored, and a second marker changes nothing", async () => {
  const page = await openPage();
  page.host.send({ jsonrpc: "2.0", method: "$/lane" });
  page.auroraview.send_event("a");
  await until(() => page.host.events.length === 1);
  const { host } = await open();
  host.send({ jsonrpc: "2.0", method: "$/lane" });
  host.send({ jsonrpc: "2.0", method: "$/lane" });
  await until(() => host.lines.some(({ kind }) => kind === "l"));
  await tasks(3);
  expect(host.lines.filter(({ kind }) => kind === "l").length).toBe(1);
});

test("what comes by the lane is handled at once, and how far the page is, it says when asked", async () => {
  const { auroraview, lane, host } = await open();
  const heard: unknown[] = [];
  auroraview.on("e", (data) => heard.push(data));
  host.send({ jsonrpc: "2.0", method: "$/lane" });
  await until(() => lane.take !== undefined);
  lane.take?.(event("e", 1), 1);
  lane.take?.(event("e", 2), 3);
  await until(() => heard.length === 2);
  expect(heard).toEqual([1, 2]);
  const call = auroraview.call("f");
  await until(() => lane.said.length > 1 && lane.said.some((text) => text.includes("q 1 ")));
  expect(lane.said.find((text) => text.includes("q 1 "))).toMatch(/^0\n/); // nobody asked
  lane.take?.('[{"jsonrpc":"2.0","id":1,"result":7}]', 1);
  expect(await call).toBe(7);
  const before = lane.said.length;
  lane.take?.("[]", 0);
  await until(() => lane.said.length > before);
  expect(lane.said.at(-1)).toMatch(/^5\n/);
});

test("when the host is gone, calls are answered with CLOSED", async () => {
  const { auroraview, lane, host } = await open();
  host.send({ jsonrpc: "2.0", method: "$/lane" });
  await until(() => lane.take !== undefined);
  const call = auroraview.call("f");
  lane.take?.(null, 0);
  await expect(call).rejects.toMatchObject({ code: "CLOSED" });
});

test("a message with bytes goes by the lane, and so do its bytes, before it", async () => {
  const { run, lane, host } = await open();
  host.send({ jsonrpc: "2.0", method: "$/lane" });
  await until(() => lane.take !== undefined);
  run("auroraview.send_event('a', new Uint8Array([1, 2])); auroraview.send_event('b')");
  expect(lane.pieces.map(([, piece]) => piece)).toEqual([[1, 2]]);
  await until(() => lane.said.some((text) => text.includes('"b"')));
  expect(lane.said.slice(1).join("")).toMatch(new RegExp(`n 0\\+${lane.pieces[0]![0]} [^\n]*"a"[^]*n 0 [^\n]*"b"`, "u"));
  expect(host.lines.map(({ kind }) => kind)).toEqual(["h", "l"]);
});

test("a message whose piece filled the socket waits for room, and what is not control waits behind it", async () => {
  const { run, auroraview, lane, host } = await open();
  host.send({ jsonrpc: "2.0", method: "$/lane" });
  await until(() => lane.take !== undefined);
  lane.full = true;
  run("auroraview.send_event('a', new Uint8Array([1, 2])); auroraview.send_event('b')");
  await tasks(3);
  expect(lane.said.slice(1).join("")).toBe("");
  lane.take?.(true, 0);
  await until(() => lane.said.some((text) => text.includes('"b"')));
  expect(lane.said.slice(1).join("")).toMatch(/"a"[^]*"b"/u);
  run("auroraview.send_event('c', new Uint8Array([3]))");
  lane.take?.(null, 0);
  await expect(auroraview.call("f")).rejects.toMatchObject({ code: "CLOSED" });
});

test("bytes that wait for the other way when the ways change go that way, and the last line of it stands behind them", async () => {
  const { run, auroraview, lane, host } = await open();
  await until(() => auroraview.isReady());
  run("auroraview.send_event('a', new Blob([new Uint8Array([1, 2])]))");
  host.send({ jsonrpc: "2.0", method: "$/lane" });
  await until(() => host.lines.some(({ kind }) => kind === "l"));
  expect(host.lines.map(({ kind }) => kind)).toEqual(["h", "n", "l"]);
  expect(lane.pieces).toEqual([]);
});

test("bytes that came by the lane are not fetched", async () => {
  const { auroraview, lane, host } = await open();
  const heard: unknown[] = [];
  auroraview.on("e", (data) => heard.push(data));
  host.send({ jsonrpc: "2.0", method: "$/lane" });
  await until(() => lane.take !== undefined);
  lane.take?.(new Uint8Array([7, 8]), 5);
  const ext = { mark: "m", bytes: [[5, 2], [6, 0]], streams: [] };
  const params = [{ $bytesm: 0 }, { $bytesm: 1 }];
  lane.take?.(JSON.stringify([{ jsonrpc: "2.0", method: "e", params, ext }]), 1);
  await until(() => heard.length === 1);
  expect((heard[0] as Uint8Array[]).map((bytes) => [...bytes])).toEqual([[7, 8], []]);
});

test("the line of a message goes before the bytes of the next one", async () => {
  const { run, lane, host } = await open();
  host.send({ jsonrpc: "2.0", method: "$/lane" });
  await until(() => lane.take !== undefined);
  lane.full = true;
  run("auroraview.send_event('a', new Uint8Array(1)); auroraview.send_event('b', new Uint8Array(1))");
  let saidBefore = "";
  lane.onPiece = () => (saidBefore = lane.said.join(""));
  lane.take?.(true, 0);
  await until(() => lane.pieces.length === 2);
  expect(saidBefore).toContain('"a"');
});
