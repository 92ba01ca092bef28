import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Encoded, keep, restore } from "../src/ext.ts";
import { encodeData } from "../src/json.ts";

type Case = { name: string; data: string; params: string; bytes: string[] };
const cases: Case[] = JSON.parse(readFileSync("../protocol/golden/ext.json", "utf8")).cases;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** Golden data, with bytes in the place of {"#": hex}. */
function withBytes(data: any): unknown {
  if (typeof data !== "object" || data === null) return data;
  if (Array.isArray(data)) return data.map(withBytes);
  if (Object.keys(data).join() === "#") return Uint8Array.from(Buffer.from(data["#"], "hex"));
  return Object.defineProperties({}, Object.fromEntries(Object.keys(data).map((key) => [key, { ...open, value: withBytes(data[key]) }])));
}
const open = { writable: true, enumerable: true, configurable: true };

const sources = ({ attachments }: Encoded) => [...attachments.values()].map(({ content }) => content as Uint8Array);

describe("ext", () => {
  test.each(cases)("$name", ({ data, params, bytes }) => {
    const encoded = encodeData(withBytes(JSON.parse(data)))!;
    // The mark is the sender's; the golden cases have "#".
    const mark = encoded.ext && JSON.parse(`{${encoded.ext.slice(1)}}`).ext.mark;
    expect(encoded.text).toBe(mark ? params.replaceAll(/(\$(?:bytes|stream))#/g, `$1${mark}`) : params);
    expect(sources(encoded).map(hex)).toEqual(bytes);
    const numbers = [...encoded.attachments.values()].map(({ number, length }) => [number, length]);
    expect(encoded.ext).toBe(bytes.length === 0 ? "" : `,"ext":${JSON.stringify({ mark, bytes: numbers, streams: [] })}`);
    if (bytes.length === 0) return;
    const restored = restore(JSON.parse(params), "#", (index) => ({ "#": bytes[index] }));
    expect(JSON.stringify(restored)).toBe(data);
  });

  test("any view is the bytes that it shows, and is copied but where the engine does that", () => {
    const buffer = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]).buffer;
    const encoded = encodeData([new DataView(buffer, 1, 2), new Uint16Array(buffer, 2, 1), buffer, new Float64Array(0)])!;
    keep(encoded.attachments, 100);
    const alone = encodeData(new Uint8Array(buffer))!;
    keep(alone.attachments, 8);
    const late = encodeData(new Uint8Array(buffer))!;
    keep(late.attachments, 7);
    new Uint8Array(buffer).fill(9);
    expect([sources(alone), sources(late)].map(([each]) => each![0])).toEqual([9, 1]);
    expect(sources(encoded).map((each) => [...each])).toEqual([[2, 3], [3, 4], [1, 2, 3, 4, 5, 6, 7, 8], []]);
  });

  test("what calls itself bytes and is none has no memory of ours", () => {
    const forged = { [Symbol.toStringTag]: "Blob" };
    expect(sources(encodeData(forged)!).map(hex)).toEqual([""]);
  });

  test("numbers are never used twice", () => {
    const numbers = [1, 2].flatMap(() => [...encodeData([new Uint8Array(1)])!.attachments.values()].map(({ number }) => number));
    expect(new Set(numbers).size).toBe(2);
  });

  test("over the limits nothing is sent", () => {
    expect(() => encodeData(Array.from({ length: 257 }, () => new Uint8Array(0)))).toThrow(/256 pieces/);
    const half = new Uint8Array(128 * 2 ** 20 + 1);
    expect(() => encodeData([half, half])).toThrow(/256 MiB/);
  });
});
