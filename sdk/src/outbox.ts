import { queueMicrotask } from "./dom.ts";
import { closedError } from "./errors.ts";
import { settle } from "./intrinsics.ts";
import { encodeCredentials, encodeLine, type JsonText, type LineKind, MAX_PARKED } from "./protocol.ts";
import type { Transport } from "./transport.ts";

export interface Outbox {
  /** Throws CLOSED once the link is gone. */
  check(): void;
  send(kind: LineKind, id: number, body: JsonText): void;
}

export interface OutboxEvents {
  onBatch(text: string): void;
  /** The link is gone; called once, nothing is posted after it. */
  onClosed(reason: unknown): void;
}

/**
 * The one lane to the UI process. Lines of one task go with one post; each post waits for its answer, which brings what
 * the host has to say. So at least one post is always unanswered.
 *
 * The UI process leaves MAX_PARKED posts unanswered and answers a surplus one at once. Lines may therefore use one post
 * more than that: it comes back at once whatever the calls in it do. Without it, four slow calls would hold back the
 * fifth, and even their own cancellation. While that surplus post is on its way lines collect: batches grow under load.
 */
export function createOutbox(transport: Transport, secret: string, nonce: string, events: OutboxEvents): Outbox {
  const credentials = encodeCredentials(secret, nonce);
  let lines = ""; // a string, since growing an array runs setters that a page can define
  let unanswered = 0;
  let scheduled = false;
  let closed = false;

  function schedule(): void {
    if (scheduled || closed) return;
    scheduled = true;
    queueMicrotask(flush);
  }

  function flush(): void {
    scheduled = false;
    if (closed || unanswered > (lines === "" ? 0 : MAX_PARKED)) return;
    const text = credentials + lines;
    lines = "";
    unanswered += 1;
    try {
      settle(transport.post(text), onAnswer, close);
    } catch (error) {
      close(error);
    }
  }

  function onAnswer(batch: string): void {
    if (closed) return;
    unanswered -= 1;
    try {
      events.onBatch(batch);
    } finally {
      // After the batch: what its receivers send in return goes with the post that parks again.
      schedule();
    }
  }

  function close(reason: unknown): void {
    if (closed) return;
    closed = true;
    lines = "";
    events.onClosed(reason);
  }

  return {
    check() {
      if (closed) throw closedError();
    },
    send(kind, id, body) {
      if (closed) return;
      lines += encodeLine(kind, id, body);
      schedule();
    },
  };
}
