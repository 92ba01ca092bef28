import { utf8Length } from "./dom.ts";
import { AuroraViewError, describe, fault } from "./errors.ts";
import { isView, jsonStringify, objectTag, slice, startsWith } from "./intrinsics.ts";
import { type JsonText, MAX_BODY, RESERVED } from "./protocol.ts";

/**
 * What the user wants to send, as text; undefined for no data. Everything that JSON would lose without a word is refused
 * by name: bytes (they would become an object of indices) and containers whose content JSON does not see.
 */
export function encodeData(data: unknown): JsonText | undefined {
  if (data === undefined) return undefined;
  let text: string | undefined;
  try {
    text = jsonStringify(data, refuseLoss);
  } catch (error) {
    if (error instanceof AuroraViewError) throw error;
    throw fault("INVALID_DATA", `the data cannot be written as JSON: ${describe(error)}`);
  }
  if (text === undefined) throw fault("INVALID_DATA", `a ${typeof data} cannot be sent`);
  return text;
}

function refuseLoss(key: string, value: unknown): unknown {
  if (typeof value === "bigint") throw lossy("BigInt", key);
  if (typeof value === "object" && value !== null) {
    const tag = slice(objectTag(value), 8, -1);
    if (isView(value) || isLossy(tag)) throw lossy(tag, key);
  }
  return value;
}

function isLossy(tag: string): boolean {
  switch (tag) {
    case "ArrayBuffer":
    case "SharedArrayBuffer":
    case "Blob":
    case "File":
    case "FormData":
    case "Map":
    case "Set":
    case "Promise":
      return true;
    default:
      return false;
  }
}

const lossy = (what: string, key: string) =>
  fault("INVALID_DATA", key === "" ? `a ${what} cannot be sent as JSON` : `a ${what} (at "${key}") cannot be sent as JSON`);

/** Returns the body, or throws if it is over the limit of the wire. */
export function checkSize(body: JsonText): JsonText {
  // A UTF-16 unit is at most three bytes of UTF-8, so nearly every body is settled without counting.
  if (body.length * 3 > MAX_BODY && (body.length > MAX_BODY || utf8Length(body) > MAX_BODY)) {
    throw fault("TOO_LARGE", `the message is larger than ${MAX_BODY} bytes`);
  }
  return body;
}

/** Throws unless `name` may be a method or event name. */
export function checkName(name: unknown, what: "method" | "event"): asserts name is string {
  if (typeof name !== "string" || name === "") throw fault("INVALID_ARGUMENTS", `the ${what} name must be a text`);
  if (startsWith(name, RESERVED)) throw fault("INVALID_ARGUMENTS", `${what} names that begin with "${RESERVED}" are reserved`);
}
