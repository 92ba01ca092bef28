// The wire between the page and the UI process, as closed unions. protocol/README.md says it in words (sections 2, 3, 4
// and 6); the cases in protocol/golden/page_*.json are read by the TypeScript, Python and Rust tests.
//
// To add a message: add it to a union below, to the table in protocol/README.md and to a golden case. The compiler then
// names every switch that must know it.
import { hasOwn, isArray, isObject, isSafeInteger, jsonParse, jsonStringify, own, startsWith } from "./intrinsics.ts";

export const SCHEMA_VERSION = 1;

/** Section 6. */
export const MAX_BODY = 16 * 1024 * 1024;
export const MAX_PENDING_CALLS = 4096;
export const MAX_UNCREDITED_EVENTS = 65_536;
/** Posts that the UI process leaves unanswered; it answers one more than that at once. */
export const MAX_PARKED = 4;

/** Names that begin so belong to the protocol. */
export const RESERVED = "$/";

/** The text of any JSON value. Data travels as text: what the user sent is written once and never taken apart. */
export type JsonText = string;

// ---- page → UI process: lines ----------------------------------------------------------------------------------------

/** First letter of a line: hello, request, response, notification, control (a notification that passes the others). */
export type LineKind = "h" | "q" | "r" | "n" | "c";

/** First line of every post; `handled`: how many answers the document has handled. */
export const encodeFirstLine = (secret: string, nonce: string, handled: number): string =>
  `${secret} ${nonce} ${handled}\n`;

/** `JSON.stringify` writes no raw line break, so the line break ends the message. */
export const encodeLine = (kind: LineKind, id: number, body: JsonText): string => `${kind} ${id} ${body}\n`;

// The envelopes are put together as text. Given to JSON.stringify as an object, an envelope would run the `toJSON` that
// some libraries put on Object.prototype or Array.prototype.

const paramsMember = (params: JsonText | undefined): string => (params === undefined ? "" : `,"params":${params}`);

export const encodeRequest = (id: number, method: string, params?: JsonText): JsonText =>
  `{"jsonrpc":"2.0","id":${id},"method":${jsonStringify(method)}${paramsMember(params)}}`;

export const encodeNotification = (method: string, params?: JsonText): JsonText =>
  `{"jsonrpc":"2.0","method":${jsonStringify(method)}${paramsMember(params)}}`;

export const encodeError = (id: number, code: WireErrorCode, message: string): JsonText =>
  `{"jsonrpc":"2.0","id":${id},"error":{"code":${ERROR_NUMBERS[code]},"message":${jsonStringify(message)},` +
  `"data":{"name":"AuroraViewError","code":"${code}"}}}`;

// ---- UI process → page: batches --------------------------------------------------------------------------------------

/** What the page must know of Python. */
export interface Session {
  /** Names that Python listens to: a DOM CustomEvent of such a name is forwarded. */
  readonly events: readonly string[];
  /** First parts of bound method names: each becomes `auroraview.<namespace>`. */
  readonly namespaces: readonly string[];
}

/** Params of `$/hello`. */
export interface Hello {
  readonly doc: number;
  readonly session: Session;
  readonly debug: boolean;
  readonly schema_version: number;
}

export interface WireError {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  /** Only in debug. */
  readonly traceback?: string;
  /** Only if the raiser gave some. */
  readonly data?: unknown;
}

/** One message of a batch. */
export type Message =
  | { readonly kind: "hello"; readonly hello: Hello }
  | { readonly kind: "session"; readonly session: Session }
  | { readonly kind: "credit"; readonly events: number }
  | { readonly kind: "event"; readonly name: string; readonly data: unknown }
  | { readonly kind: "result"; readonly id: number; readonly result: unknown }
  | { readonly kind: "error"; readonly id: number; readonly error: WireError }
  /** The host has nothing to ask of a page; a request is answered with METHOD_NOT_FOUND rather than with silence. */
  | { readonly kind: "request"; readonly id: number; readonly method: string }
  /** A reserved notification of a later version. */
  | { readonly kind: "unknown"; readonly method: string }
  | { readonly kind: "invalid"; readonly value: unknown };

/** The messages of a batch as they were parsed; throws if the text is not a JSON array. */
export function decodeBatch(text: string): readonly unknown[] {
  const batch: unknown = jsonParse(text);
  if (!isArray(batch)) throw new TypeError("a batch is a JSON array");
  return batch;
}

export function decodeMessage(value: unknown): Message {
  if (!isObject(value)) return { kind: "invalid", value };
  const method = own(value, "method");
  const id = own(value, "id");
  if (typeof method === "string") {
    return isId(id) ? { kind: "request", id, method } : decodeNotification(method, value);
  }
  if (!isId(id)) return { kind: "invalid", value };
  if (hasOwn(value, "result")) return { kind: "result", id, result: own(value, "result") };
  return { kind: "error", id, error: decodeError(own(value, "error")) };
}

function decodeNotification(method: string, message: object): Message {
  // `params` absent means {}; an explicit null stays null.
  const params = hasOwn(message, "params") ? own(message, "params") : {};
  if (!startsWith(method, RESERVED)) return { kind: "event", name: method, data: params };
  const members = isObject(params) ? params : {};
  switch (method) {
    case "$/hello":
      return { kind: "hello", hello: decodeHello(members) };
    case "$/session":
      return { kind: "session", session: decodeSession(members) };
    case "$/credit":
      return { kind: "credit", events: count(own(members, "events")) };
    default:
      return { kind: "unknown", method };
  }
}

function decodeHello(params: object): Hello {
  const session = own(params, "session");
  return {
    doc: count(own(params, "doc")),
    session: decodeSession(isObject(session) ? session : {}),
    debug: own(params, "debug") === true,
    schema_version: count(own(params, "schema_version")),
  };
}

const decodeSession = (params: object): Session => ({
  events: names(own(params, "events")),
  namespaces: names(own(params, "namespaces")),
});

function decodeError(error: unknown): WireError {
  if (!isObject(error)) return { name: "AuroraViewError", code: "INTERNAL", message: "an answer without result or error" };
  const given = own(error, "data");
  const data = isObject(given) ? given : {};
  const traceback = own(data, "traceback");
  return {
    name: text(own(data, "name")) ?? "AuroraViewError",
    code: text(own(data, "code")) ?? codeOfNumber(own(error, "code")),
    message: text(own(error, "message")) ?? "",
    ...(typeof traceback === "string" && { traceback }),
    ...(hasOwn(data, "data") && { data: own(data, "data") }),
  };
}

const isId = (value: unknown): value is number => isSafeInteger(value);
const count = (value: unknown): number => (isId(value) ? value : 0);
const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
const names = (value: unknown): readonly string[] => (isArray(value) ? value : []);

// ---- errors ----------------------------------------------------------------------------------------------------------

/** `error.code` in JavaScript and JSON-RPC's number. */
export const ERROR_NUMBERS = {
  PARSE_ERROR: -32700,
  INVALID_REQUEST: -32600,
  METHOD_NOT_FOUND: -32601,
  INVALID_ARGUMENTS: -32602,
  INTERNAL: -32603,
  EXECUTION_ERROR: -32000,
  INVALID_DATA: -32001,
  TOO_LARGE: -32002,
  BUSY: -32003,
  CANCELLED: -32800,
  TIMEOUT: -32801,
  CLOSED: -32802,
  NAVIGATED: -32803,
} as const;

export type WireErrorCode = keyof typeof ERROR_NUMBERS;

/** Also what only the bridge says. */
export type ErrorCode = WireErrorCode | "QUEUE_FULL";

/** For an answer that carries only JSON-RPC's number. */
function codeOfNumber(number: unknown): WireErrorCode {
  for (const code in ERROR_NUMBERS) {
    if (own(ERROR_NUMBERS, code) === number) return code as WireErrorCode;
  }
  return "INTERNAL";
}
