import { decodeText, encodeText } from "./dom.ts";
import { AuroraViewError, describe, fault } from "./errors.ts";
import { type Encoded, extract } from "./ext.ts";
import { asyncIterator, bare, byteLength, isView, jsonStringify, objectTag, slice, startsWith } from "./intrinsics.ts";
import { type JsonText, MAX_BODY, RESERVED } from "./protocol.ts";

/** What data may hold: JSON alone; bytes, and long texts as such; streams, too. */
export const PLAIN = 0;
const WITH_BYTES = 1;
export const WITH_STREAMS = 2;

/**
 * What the user wants to send, as text; undefined for no data. What it may hold beside JSON is taken out of it. What JSON would
 * lose without a word is refused by name: containers whose content it does not see.
 */
export function encodeData(data: unknown, may = WITH_BYTES): Encoded | undefined {
  if (data === undefined) return undefined;
  const found = extract();
  return found.done(encode(data, found, may));
}

function encode(data: unknown, found: ReturnType<typeof extract>, may: number): JsonText {
  let text: string | undefined;
  try {
    text = jsonStringify(data, (key: string, value: unknown) => {
      if (typeof value === "bigint") throw lossy("BigInt", key);
      if (typeof value === "object" && value !== null) {
        const tag = slice(objectTag(value), 8, -1);
        if (may && (isView(value) || SPECIAL[tag])) return found.takeBytes(value);
        if (tag in SPECIAL || isView(value)) throw lossy(tag, key);
        if (typeof (value as AsyncIterable<unknown>)[asyncIterator] === "function") {
          if (may < WITH_STREAMS) throw lossy("stream", key);
          return found.takeStream(value as AsyncIterable<unknown>);
        }
      }
      if (may && typeof value === "string" && value.length > LONG_TEXT && value.length < MAX_BODY) {
        const bytes = encodeText(value);
        // UTF-8 has no half of a pair, and a decoder drops a byte order mark: JSON keeps both. ASCII has neither.
        if (byteLength(bytes) === value.length || decodeText(bytes) === value) return found.takeBytes(bytes, ",1");
      }
      return value;
    });
  } catch (error) {
    if (error instanceof AuroraViewError) throw error;
    throw fault("INVALID_DATA", `it cannot be sent: ${describe(error)}`);
  }
  if (text === undefined) throw lossy(typeof data, "");
  return text;
}

/** By their tag: those whose bytes are taken, and (false) those whose content JSON would lose. */
const SPECIAL: { readonly [tag: string]: boolean } = bare({
  ArrayBuffer: true, Blob: true, File: true, SharedArrayBuffer: false, FormData: false, Map: false, Set: false, Promise: false,
});

/** Units of UTF-16 from which on a text goes beside the message: that is one copy instead of five. */
const LONG_TEXT = 32_768;

const lossy = (what: string, key: string) =>
  fault("INVALID_DATA", `a ${what}${key && ` (at "${key}")`} cannot be sent`);

/** Returns the body, or throws if it is over the limit of the wire. */
export function checkSize(body: JsonText): JsonText {
  // A UTF-16 unit is at most three bytes of UTF-8, so nearly every body is settled without counting.
  if (body.length * 3 > MAX_BODY && byteLength(encodeText(body)) > MAX_BODY) {
    throw fault("TOO_LARGE", `the message is larger than ${MAX_BODY >> 20} MiB`);
  }
  return body;
}

/** Throws unless `name` may be the name of a method, an event or a value of the state. */
export function checkName(name: unknown): asserts name is string {
  if (typeof name !== "string" || name === "" || startsWith(name, RESERVED)) {
    throw fault("INVALID_ARGUMENTS", `a name must be a text without "${RESERVED}"`);
  }
}

export function checkFunction<F>(handler: F | undefined): asserts handler is F {
  if (typeof handler !== "function") throw fault("INVALID_ARGUMENTS", "the handler must be a function");
}
