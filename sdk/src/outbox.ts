import { queueMicrotask } from "./dom.ts";
import { closedError } from "./errors.ts";
import { settle } from "./intrinsics.ts";
import { encodeFirstLine, encodeLine, type JsonText, type LineKind, MAX_PARKED } from "./protocol.ts";
import type { Transport } from "./transport.ts";

export interface Outbox {
  /** Throws CLOSED once the link is gone. */
  check(): void;
  send(kind: LineKind, id: number, body: JsonText): void;
  /** What `onBatch` held back is handled now. */
  caughtUp(): void;
}

export interface OutboxEvents {
  /** Returns whether everything in it was handled; if not, `caughtUp` will be called. */
  onBatch(text: string): boolean;
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
  let lines = ""; // a string, since growing an array runs setters that a page can define
  let unanswered = 0;
  let answers = 0;
  /** So many answers are handled: the UI process waits for that when it closes the view. */
  let handled = 0;
  let behind = false;
  /** The UI process does not know of `handled` yet and may wait for it. */
  let news = false;
  let scheduled = false;
  let closed = false;

  function schedule(): void {
    if (scheduled || closed) return;
    scheduled = true;
    queueMicrotask(flush);
  }

  function flush(): void {
    scheduled = false;
    if (closed || unanswered > (lines === "" && !news ? 0 : MAX_PARKED)) return;
    const text = encodeFirstLine(secret, nonce, handled) + lines;
    lines = "";
    news = false;
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
    answers += 1;
    try {
      if (!events.onBatch(batch)) behind = true;
    } finally {
      if (!behind) handled = answers;
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
    caughtUp() {
      if (!behind) return;
      behind = false;
      handled = answers;
      news = true;
      schedule();
    },
  };
}
