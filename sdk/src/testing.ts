// The other end of the bridge, for tests of front ends and of the bridge itself: it plays the UI process and Python. The
// bridge over it is the real one; nothing of it is replaced but the transport.
//
//   const host = createFakeHost();
//   host.bind("api.add", ([a, b]) => a + b);
//   const auroraview = host.open();
//   await auroraview.api.add(1, 2); // 3
import { createBridge } from "./bridge.ts";
import { ERROR_NUMBERS } from "./error-numbers.ts";
import { attachmentsOf, restore } from "./ext.ts";
import { createFakeState, type FakeState, type PageChange } from "./fake-state.ts";
import type { AuroraView } from "./index.ts";
import { encodeData } from "./json.ts";
import {
  type BackendError,
  HEALTH,
  type LineKind,
  MAX_PARKED,
  MAX_PIECE,
  SCHEMA_VERSION,
  type Session,
  STATE,
  type WireErrorCode,
} from "./protocol.ts";
import type { Transport } from "./transport.ts";

/**
 * A Python function: gets the params as they were sent (undefined if there were none). What it throws is the error. Bytes are
 * `Uint8Array`s both ways. A generator, async or not, streams.
 */
export type HostFunction = (params: any, context: HostContext) => unknown;

/** What a Python function knows of its call. */
export interface HostContext {
  progress(done: number, total?: number, text?: string): void;
}

/** What the page sent. */
export interface ReceivedLine {
  readonly kind: LineKind;
  readonly id: number;
  readonly body: string;
  /** The bytes that it names. */
  readonly bytes: readonly Uint8Array[];
}

export interface FakeHostOptions {
  readonly session?: Partial<Session>;
  readonly debug?: boolean;
  /** Answer the document's hello by itself (default) or with `hello()`. */
  readonly autoHello?: boolean;
  /** Count events as handled by itself (default) or with `credit(n)`. */
  readonly autoCredit?: boolean;
}

export interface FakeHost extends Omit<Transport, "transfer"> {
  /** Starts a bridge that speaks to this host, as a document does. */
  open(): AuroraView;
  /** Registers a Python function under its whole name: "api.scene.create". */
  bind(method: string, fn: HostFunction): void;
  /** Sends an event of Python; without `data` it arrives as {}. */
  emit(name: string, data?: unknown): void;
  setSession(session: Partial<Session>): void;
  /** Python's end of the shared state. */
  readonly state: Pick<FakeState, "values" | "update">;
  /** Says that it is alive. */
  beat(): void;
  /** Says that it cannot serve the page. */
  fail(error: BackendError): void;
  /** What the page last asked for: milliseconds from one heartbeat to the next. */
  readonly heartbeatMs: number;
  hello(): void;
  credit(events: number): void;
  /** Calls a function of the page, as `view.call(name, data)` does. Rejects with the error object of its answer. */
  ask(name: string, data?: unknown): { readonly answer: Promise<unknown>; cancel(): void };
  /** Sends a message of any kind, or a text as it is. */
  send(message: object | string): void;
  /** Rejects the posts that wait and all later ones: the view is closed, or the origin is not allowed. */
  close(reason?: string): void;
  /** Bytes, as the page posts and fetches them; a test may replace it. */
  transfer: Transport["transfer"];
  /** Every post, credentials included. */
  readonly posts: readonly string[];
  readonly lines: readonly ReceivedLine[];
  /** The page's events in order. */
  readonly events: readonly { readonly name: string; readonly detail: unknown }[];
  /** Ids of the calls that the page gave up. */
  readonly cancelled: readonly number[];
  /** Posts that wait for an answer. */
  readonly parked: number;
}

interface Reply {
  resolve(batch: string): void;
  reject(reason: Error): void;
}

export function createFakeHost(options: FakeHostOptions = {}): FakeHost {
  const functions = new Map<string, HostFunction>();
  const posts: string[] = [];
  const lines: ReceivedLine[] = [];
  const events: { name: string; detail: unknown }[] = [];
  const cancelled: number[] = [];
  const replies: Reply[] = [];
  const asked = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  /** Of each stream: what the page took, and who waits for that. */
  const taken = new Map<number, { items: number; wake: () => void }>();
  let lastAsked = 0;
  const uploads = new Map<number, Uint8Array[]>();
  const downloads = new Map<number, Uint8Array>();
  let session: Session = { events: [], namespaces: ["api"], ...options.session };
  let lane: string[] = [];
  let documents = 0;
  let credentials: string | undefined;
  let closed: string | undefined;

  function send(message: object | string): void {
    lane.push(typeof message === "string" ? message : JSON.stringify({ jsonrpc: "2.0", ...message }));
    queueMicrotask(deliver);
  }

  /** A message that ends with data, which may hold bytes. */
  function sendData(head: string, data: unknown): void {
    const encoded = encodeData(data);
    for (const { number, content } of encoded?.attachments.values() ?? []) downloads.set(number, content as Uint8Array);
    send(`{"jsonrpc":"2.0",${head}${encoded === undefined ? "" : `:${encoded.text}${encoded.ext}`}}`);
  }

  function deliver(): void {
    if (lane.length === 0) return;
    const reply = replies.shift();
    if (reply === undefined) return;
    const batch = lane;
    lane = [];
    reply.resolve(`[${batch.join(",")}]`);
  }

  function hello(): void {
    documents += 1;
    const params = { doc: documents, session, debug: options.debug ?? false, schema_version: SCHEMA_VERSION };
    // First of all, whatever was sent before.
    lane.unshift(JSON.stringify({ jsonrpc: "2.0", method: "$/hello", params }));
    queueMicrotask(deliver);
  }

  const state = createFakeState((message) => send(message));
  let heartbeatMs = 0;
  const health = (params: object) => send({ method: HEALTH, params: { schema_version: SCHEMA_VERSION, ...params } });

  function receive(line: ReceivedLine): void {
    lines.push(line);
    const message = JSON.parse(line.body) as { method: string; params?: unknown; ext?: { mark: string } };
    if (message.ext !== undefined) {
      const named = attachmentsOf(message);
      message.params = restore(message.params, message.ext.mark, (index) => {
        const bytes = line.bytes[index];
        return bytes && named[index]?.[2] ? new TextDecoder().decode(bytes) : bytes;
      });
    }
    if (line.kind === "h" && (options.autoHello ?? true)) hello();
    if (line.kind === "h") state.onDocument();
    if (line.kind === "q") void answer(line.id, message.method, message.params);
    if (line.kind === "c") control(message.method, (message.params ?? {}) as Control);
    if (line.kind === "r") settle(line.id, JSON.parse(line.body));
    if (line.kind !== "n") return;
    if (message.method === STATE) state.onPage(message.params as PageChange);
    else events.push({ name: message.method, detail: "params" in message ? message.params : {} });
    if (options.autoCredit ?? true) credit(1);
  }

  interface Control {
    readonly id?: number;
    readonly call?: number;
    readonly items?: number;
    readonly heartbeatMs?: number;
  }

  function control(method: string, { id, call, items, heartbeatMs: wanted }: Control): void {
    if (method === HEALTH) heartbeatMs = wanted ?? 0;
    if (method === "$/cancelRequest" && id !== undefined) cancelled.push(id);
    const stream = taken.get(id ?? call ?? 0);
    if (stream === undefined) return;
    stream.items += items ?? 0;
    stream.wake();
  }

  function settle(id: number, { result, error }: { result?: unknown; error?: unknown }): void {
    const waiting = asked.get(id);
    asked.delete(id);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(error);
  }

  /** Sends what a generator yields, never more than the page may have; returns what it returns. */
  async function stream(call: number, generator: Generator | AsyncGenerator): Promise<unknown> {
    const flow = { items: 0, wake: () => {} };
    taken.set(call, flow);
    send({ method: "$/progress", params: { call, open: true } });
    for (let sent = 0; ; sent += 1) {
      while (sent - flow.items >= 256 && !cancelled.includes(call)) await new Promise<void>((wake) => (flow.wake = wake));
      if (cancelled.includes(call)) return generator.return(undefined);
      const { value, done } = await generator.next();
      if (done === true) return value;
      send({ method: "$/progress", params: { call, item: value } });
    }
  }

  const isGenerator = (value: unknown): value is Generator | AsyncGenerator =>
    /Generator\]$/u.test(Object.prototype.toString.call(value));

  async function answer(id: number, method: string, params: unknown): Promise<void> {
    try {
      const fn = functions.get(method);
      if (fn === undefined) throw Object.assign(new Error(`no function ${method}`), { code: "METHOD_NOT_FOUND" });
      const progress: HostContext["progress"] = (done, total, text) =>
        send({ method: "$/progress", params: { call: id, report: { done, total: total ?? null, text: text ?? null } } });
      const returned = fn(params, { progress });
      const result = isGenerator(returned) ? await stream(id, returned) : await returned;
      if (!cancelled.includes(id)) sendData(`"id":${id},"result"`, result ?? null);
    } catch (error) {
      if (!cancelled.includes(id)) send({ id, error: describe(error) });
    }
  }

  function describe(error: unknown): object {
    const { name, message, code = "EXECUTION_ERROR", data } = error as Error & { code?: string; data?: unknown };
    const number = ERROR_NUMBERS[code as WireErrorCode] ?? ERROR_NUMBERS.EXECUTION_ERROR;
    return { code: number, message, data: { name, code, ...(data !== undefined && { data }) } };
  }

  /** What a line names, as one piece each. */
  function take(number: number): Uint8Array {
    const pieces = uploads.get(number) ?? [];
    uploads.delete(number);
    return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
  }

  const credit = (count: number) => send({ method: "$/credit", params: { events: count } });

  const host: FakeHost = {
    post(text) {
      posts.push(text);
      if (closed !== undefined) return Promise.reject(new Error(closed));
      const [first = "", ...rest] = text.split("\n");
      const given = first.split(" ").slice(0, 2).join(" ");
      if (rest[0]?.startsWith("h ")) credentials = given;
      if (given !== credentials) return Promise.reject(new Error("refused: wrong secret or nonce"));
      return new Promise<string>((resolve, reject) => {
        replies.push({ resolve, reject });
        for (const line of rest.slice(0, -1)) receive(parseLine(line, take));
        if (replies.length > MAX_PARKED) replies.shift()?.resolve("[]");
        deliver();
      });
    },
    async transfer(path, key, body) {
      if (closed !== undefined) throw new Error(closed);
      if (key !== credentials) throw new Error("refused: wrong secret or nonce");
      const number = Number(path.split("/")[1]);
      if (body !== undefined) {
        uploads.set(number, [...(uploads.get(number) ?? []), Uint8Array.from(body)]);
        return new ArrayBuffer(0);
      }
      const bytes = downloads.get(number);
      if (bytes === undefined) throw new Error("no such attachment");
      downloads.delete(number); // each is fetched once
      return bytes.buffer as ArrayBuffer;
    },
    pieceSize: MAX_PIECE,
    open() {
      const { pieceSize } = host;
      const transport: Transport = { post: (text) => host.post(text), transfer: (...given) => host.transfer(...given), pieceSize };
      return createBridge(transport, "fake-secret", "0".repeat(32));
    },
    bind: (method, fn) => void functions.set(method, fn),
    emit: (name, data) => sendData(`"method":${JSON.stringify(name)}${data === undefined ? "" : ',"params"'}`, data),
    ask(name, data) {
      const id = (lastAsked += 1);
      const answer = new Promise((resolve, reject) => asked.set(id, { resolve, reject }));
      send({ id, method: name, ...(data !== undefined && { params: data }) });
      return { answer, cancel: () => send({ method: "$/cancelRequest", params: { id } }) };
    },
    setSession(change) {
      session = { ...session, ...change };
      send({ method: "$/session", params: session });
    },
    hello,
    credit,
    send,
    state,
    beat: () => health({ status: "ok" }),
    fail: (error) => health({ status: "error", ...error }),
    get heartbeatMs() {
      return heartbeatMs;
    },
    close(reason = "auroraview: closed") {
      closed = reason;
      for (const reply of replies.splice(0)) reply.reject(new Error(reason));
    },
    posts,
    lines,
    events,
    cancelled,
    get parked() {
      return replies.length;
    },
  };
  return host;
}

function parseLine(line: string, take: (number: number) => Uint8Array): ReceivedLine {
  const match = /^([hqrnclu]) (\d+)((?:\+\d+)*) (.*)$/su.exec(line);
  if (match === null) throw new Error(`not a line: ${line}`);
  const [, kind, id, numbers = "", body] = match;
  const bytes = numbers.split("+").slice(1).map((number) => take(Number(number)));
  return { kind: kind as LineKind, id: Number(id), body: body as string, bytes };
}
