// The wire between the page and the UI process, as closed unions. protocol/README.md says it in words (sections 2, 3, 4
// and 6); the cases in protocol/golden/page_*.json are read by the TypeScript, Python and Rust tests.
//
// To add a message: add it to a union below, to the table in protocol/README.md and to a golden case. The compiler then
// names every switch that must know it.
import type { Attachments } from "./ext.ts";
import type { ERROR_NUMBERS } from "./error-numbers.ts";
import { AuroraViewError, describe } from "./errors.ts";
import { bare, isArray, isObject, jsonParse, jsonStringify, startsWith, toText } from "./intrinsics.ts";

export const SCHEMA_VERSION = 1;

/** Section 6. */
export const MAX_BODY = 16 * 1024 * 1024;
/** Bytes of all attachments of a message, and how many they may be. */
export const MAX_ATTACHED = 256 * 1024 * 1024;
export const MAX_ATTACHMENTS = 256;
export const MAX_PIECE = 4 * 1024 * 1024;
/** So many bytes that come with an event count as another event. */
export const EVENT_BYTES = 16 * 1024;
export const MAX_PENDING_CALLS = 4096;
export const MAX_UNCREDITED_EVENTS = 65_536;
/** Posts that the UI process leaves unanswered; it answers one more than that at once. */
export const MAX_PARKED = 4;
/** Characters of a post by the fast lane, but for one line more: the host handles the first while a busy page writes the next. */
export const MAX_LANE_POST = 64 * 1024;

/** Names that begin so belong to the protocol. */
export const RESERVED = "$/";
export const STATE = "$/state";
export const HEALTH = "$/health";

/** The text of any JSON value. Data travels as text: what the user sent is written once and never taken apart. */
export type JsonText = string;

// ---- page → UI process: lines ----------------------------------------------------------------------------------------

/**
 * First letter of a line: hello, request, response, notification, control (a notification that passes the others), lane (the
 * last message by this way).
 */
export type LineKind = "h" | "q" | "r" | "n" | "c" | "l";

/** What is posted by the fast lane; `handled`: how many batches that came by it the document has handled, or 0: nobody asked. */
export const encodeLanePost = (handled: number, lines: string): string => `${handled}\n${lines}`;

/** `JSON.stringify` writes no raw line break, so the line break ends the message. `attachments`: "+" and a number for each. */
export const encodeLine = (kind: LineKind, id: number, body: JsonText, attachments = ""): string =>
  `${kind} ${id}${attachments} ${body}\n`;

/** First line of every post; `key`: secret and nonce; `handled`: how many answers the document has handled. */
export const encodeFirstLine = (key: string, handled: number): string => `${key} ${handled}\n`;

// The envelopes are put together as text. Given to JSON.stringify as an object, an envelope would run the `toJSON` that
// some libraries put on Object.prototype or Array.prototype.

/** The data of a message: its text, and the member `ext` with its comma if there is one. */
export interface Params {
  readonly text: JsonText;
  readonly ext?: string | undefined;
  readonly attachments?: Attachments;
  /** Bytes of all of them. */
  readonly size?: number;
}

const paramsMember = (data: Params | undefined): string =>
  data === undefined ? "" : `,"params":${data.text}${data.ext ?? ""}`;

export const encodeRequest = (id: number, method: string, data?: Params): JsonText =>
  `{"jsonrpc":"2.0","id":${id},"method":${jsonStringify(method)}${paramsMember(data)}}`;

export const encodeNotification = (method: string, data?: Params): JsonText =>
  `{"jsonrpc":"2.0","method":${jsonStringify(method)}${paramsMember(data)}}`;

/** `undefined` becomes null. */
export const encodeResult = (id: number, data: Params | undefined): JsonText =>
  `{"jsonrpc":"2.0","id":${id},"result":${data?.text ?? null}${data?.ext ?? ""}}`;

export const encodeFailure = (code: PageErrorCode, message: string, name = "AuroraViewError", stack?: string): JsonText =>
  `{"code":${PAGE_ERRORS[code]},"message":${jsonStringify(message)},"data":${jsonStringify(bare({ name, code, stack }))}}`;

/** The answer of a call that failed; `error`: of `encodeFailure` or `encodeThrown`. */
export const encodeError = (id: number, error: JsonText): JsonText => `{"jsonrpc":"2.0","id":${id},"error":${error}}`;

/** The error object for what code of the page threw. */
export function encodeThrown(thrown: unknown): JsonText {
  let name = "Error";
  let stack: string | undefined;
  try {
    const error = thrown as Error;
    name = toText(error.name);
    stack = toText(error.stack);
  } catch {
    // It throws in turn.
  }
  return encodeFailure("EXECUTION_ERROR", describe(thrown), name, stack);
}

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

/** What the host says of itself when it cannot go on. */
export interface BackendError {
  readonly message: string;
  /** Where it comes from, in the host's words: `stderr`, `ipc`, `crash` ... */
  readonly source: string;
}

/** Whoever takes the messages of a batch: one function for each kind. */
export interface Receiver {
  onHello(hello: Hello): void;
  onSession(session: Session): void;
  onCredit(events: number, stream: number, items: number): void;
  /** The host goes on by the fast lane. */
  onLane(): void;
  onProgress(params: Members): void;
  onCancel(id: number, stream: number): void;
  onState(params: Members): void;
  /** Without an error: a heartbeat. */
  onHealth(error?: BackendError): void;
  onEvent(name: string, data: unknown): void;
  onResult(id: number, result: unknown): void;
  onError(id: number, error: AuroraViewError): void;
  onRequest(id: number, method: string, params: unknown): void;
  onInvalid(value: unknown): void;
}

/** The messages of a batch as they were parsed; throws if the text is not a JSON array. */
export function decodeBatch(text: string): readonly unknown[] {
  const batch: unknown = jsonParse(text);
  if (!isArray(batch)) throw batch;
  return batch;
}

/** Hands a parsed message to the function for its kind. */
export function decodeMessage(message: unknown, to: Receiver): void {
  const { id, method, params, result, error } = members(message);
  if (typeof method === "string") {
    if (isId(id)) to.onRequest(id, method, params);
    // `params` absent means {}; an explicit null stays null.
    else if (!startsWith(method, RESERVED)) to.onEvent(method, params === undefined ? {} : params);
    else decodeNotification(method, members(params), to);
  } else if (!isId(id)) to.onInvalid(message);
  else if (result !== undefined) to.onResult(id, result);
  else to.onError(id, decodeError(members(error)));
}

function decodeNotification(method: string, params: Members, to: Receiver): void {
  const { id, events, stream, items, status } = params;
  switch (method) {
    case "$/hello":
      return to.onHello(params as never);
    case "$/session":
      return to.onSession(params as never);
    case "$/credit":
      return to.onCredit(count(events), count(stream), count(items));
    case "$/progress":
      return to.onProgress(params);
    case "$/cancelRequest":
      return to.onCancel(count(id), count(stream));
    case STATE:
      return to.onState(params);
    case HEALTH:
      return to.onHealth(status === "error" ? (params as never) : undefined);
    case "$/lane":
      return to.onLane();
  }
}

/** Parsed data whose members may be read as they are: what the page put on Object.prototype is none of them. */
export type Members = { readonly [name: string]: unknown };

export const members = (value: unknown): Members => bare(isObject(value) ? value : {}) as Members;

function decodeError({ message, data }: Members): AuroraViewError {
  const more = members(data);
  const { name, code } = more;
  return new AuroraViewError(text(name) ?? "AuroraViewError", text(code) ?? "INTERNAL", text(message) ?? "", more);
}

const isId = (value: unknown): value is number => typeof value === "number";
export const count = (value: unknown): number => (isId(value) ? value : 0);
const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
export const list = (value: unknown): readonly unknown[] => (isArray(value) ? value : []);

// ---- errors ----------------------------------------------------------------------------------------------------------

/** JSON-RPC's numbers of what a page says itself. Between the processes only `data.code` counts, and is always there. */
const PAGE_ERRORS = { METHOD_NOT_FOUND: -32601, INTERNAL: -32603, EXECUTION_ERROR: -32000 };

type PageErrorCode = keyof typeof PAGE_ERRORS;

export type WireErrorCode = keyof typeof ERROR_NUMBERS;

/** Also what only the bridge says. */
export type ErrorCode = WireErrorCode | "QUEUE_FULL" | "BACKEND_UNAVAILABLE";
