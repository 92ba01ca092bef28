// The other end of the bridge, for tests of front ends and of the bridge itself: it plays the UI process and Python. The
// bridge over it is the real one; nothing of it is replaced but the transport.
//
//   const host = createFakeHost();
//   host.bind("api.add", ([a, b]) => a + b);
//   const auroraview = host.open();
//   await auroraview.api.add(1, 2); // 3
import { createBridge } from "./bridge.ts";
import type { AuroraView } from "./index.ts";
import { ERROR_NUMBERS, type LineKind, MAX_PARKED, SCHEMA_VERSION, type Session, type WireErrorCode } from "./protocol.ts";
import type { Transport } from "./transport.ts";

/** A Python function: gets the params as they were sent (undefined if there were none). What it throws is the error. */
export type HostFunction = (params: any) => unknown;

/** What the page sent. */
export interface ReceivedLine {
  readonly kind: LineKind;
  readonly id: number;
  readonly body: string;
}

export interface FakeHostOptions {
  readonly session?: Partial<Session>;
  readonly debug?: boolean;
  /** Answer the document's hello by itself (default) or with `hello()`. */
  readonly autoHello?: boolean;
  /** Count events as handled by itself (default) or with `credit(n)`. */
  readonly autoCredit?: boolean;
}

export interface FakeHost extends Transport {
  /** Starts a bridge that speaks to this host, as a document does. */
  open(): AuroraView;
  /** Registers a Python function under its whole name: "api.scene.create". */
  bind(method: string, fn: HostFunction): void;
  /** Sends an event of Python; without `data` it arrives as {}. */
  emit(name: string, data?: unknown): void;
  setSession(session: Partial<Session>): void;
  hello(): void;
  credit(events: number): void;
  /** Sends a message of any kind, or a text as it is. */
  send(message: object | string): void;
  /** Rejects the posts that wait and all later ones: the view is closed, or the origin is not allowed. */
  close(reason?: string): void;
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
  let session: Session = { events: [], namespaces: ["api"], ...options.session };
  let lane: string[] = [];
  let documents = 0;
  let credentials: string | undefined;
  let closed: string | undefined;

  function send(message: object | string): void {
    lane.push(typeof message === "string" ? message : JSON.stringify({ jsonrpc: "2.0", ...message }));
    queueMicrotask(deliver);
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

  function receive(line: ReceivedLine): void {
    lines.push(line);
    const message = JSON.parse(line.body) as { method: string; params?: unknown };
    if (line.kind === "h" && (options.autoHello ?? true)) hello();
    if (line.kind === "q") void answer(line.id, message.method, message.params);
    if (line.kind === "c") cancelled.push((message.params as { id: number }).id); // no other control comes from a page
    if (line.kind !== "n") return;
    events.push({ name: message.method, detail: "params" in message ? message.params : {} });
    if (options.autoCredit ?? true) credit(1);
  }

  async function answer(id: number, method: string, params: unknown): Promise<void> {
    try {
      const fn = functions.get(method);
      if (fn === undefined) throw Object.assign(new Error(`no function ${method}`), { code: "METHOD_NOT_FOUND" });
      const result = await fn(params);
      if (!cancelled.includes(id)) send({ id, result: result ?? null });
    } catch (error) {
      if (!cancelled.includes(id)) send({ id, error: describe(error) });
    }
  }

  function describe(error: unknown): object {
    const { name, message, code = "EXECUTION_ERROR", data } = error as Error & { code?: string; data?: unknown };
    const number = ERROR_NUMBERS[code as WireErrorCode] ?? ERROR_NUMBERS.EXECUTION_ERROR;
    return { code: number, message, data: { name, code, ...(data !== undefined && { data }) } };
  }

  const credit = (count: number) => send({ method: "$/credit", params: { events: count } });

  const host: FakeHost = {
    post(text) {
      posts.push(text);
      if (closed !== undefined) return Promise.reject(new Error(closed));
      const [first = "", ...rest] = text.split("\n");
      const given = first.split(" ").slice(0, 2).join(" ");
      if (rest[0]?.startsWith("h ")) credentials = given;
      if (given !== credentials) return Promise.reject(new Error("auroraview: refused: wrong secret or nonce"));
      return new Promise<string>((resolve, reject) => {
        replies.push({ resolve, reject });
        for (const line of rest.slice(0, -1)) receive(parseLine(line));
        if (replies.length > MAX_PARKED) replies.shift()?.resolve("[]");
        deliver();
      });
    },
    open: () => createBridge({ post: (text) => host.post(text) }, "fake-secret", "0".repeat(32)),
    bind: (method, fn) => void functions.set(method, fn),
    emit: (name, data) => send({ method: name, ...(data !== undefined && { params: data }) }),
    setSession(change) {
      session = { ...session, ...change };
      send({ method: "$/session", params: session });
    },
    hello,
    credit,
    send,
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

function parseLine(line: string): ReceivedLine {
  const match = /^([hqrnc]) (\d+) (.*)$/su.exec(line);
  if (match === null) throw new Error(`not a line: ${line}`);
  const [, kind, id, body] = match;
  return { kind: kind as LineKind, id: Number(id), body: body as string };
}
