import { queueMicrotask, setTimeout } from "./dom.ts";
import { type AuroraViewError, closedError } from "./errors.ts";
import { type Attachments, keep } from "./ext.ts";
import { createGate } from "./gate.ts";
import { known, mapForEach, mapSet, mapSize, own, startsWith } from "./intrinsics.ts";
import {
  encodeFirstLine, encodeLanePost, encodeLine, encodeNotification, type JsonText, type LineKind, MAX_LANE_POST, MAX_PARKED,
} from "./protocol.ts";
import { createQueue, type SendPiece, upload } from "./transfer.ts";
import type { Transport } from "./transport.ts";

export interface Outbox {
  /** Throws CLOSED once the link is gone. */
  check(): void;
  /**
   * Sends a message, behind what still waits for its bytes; control passes, unless it has `attachments` (which may be empty).
   * If they do not get there, the message is never sent and `failed` is told why.
   */
  send(kind: LineKind, id: number, body: JsonText, attachments?: Attachments, failed?: (error: AuroraViewError) => void): void;
  /** Sends a notification of ours that passes the others. */
  control(method: string, params: JsonText): void;
  /** This document may go on by the fast lane. */
  offerLane(): void;
  /** The host goes on by the fast lane, and so does this side. */
  switchWays(): void;
  /** What `onBatch` held back is handled now. */
  caughtUp(): void;
}

interface Waiting {
  readonly attachments?: Attachments | undefined;
  readonly failed?: ((error: AuroraViewError) => void) | undefined;
  readonly line: (attachments?: string) => string;
}

export interface OutboxEvents {
  /** Returns whether everything in it was handled; if not, `caughtUp` will be called. */
  onBatch(text: string): boolean;
  /** For what came by the lane: the bytes of attachments, by number, before the message that names them. */
  readonly arrived: Map<number, Uint8Array>;
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
export function createOutbox(transport: Transport, key: string, nonce: string, events: OutboxEvents): Outbox {
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
  // The same by the fast lane, where every text is taken at once and nothing is parked. What comes by it is counted apart.
  let { lane, pieceSize, transfer } = transport as Omit<Transport, "transfer"> & { transfer: SendPiece };
  let direct = false;
  let laneLines = "";
  let laneBatches = 0;
  /** Bytes wait until the UI process has taken notice of this document, and until the lane has room for them. */
  const gate = createGate<void>(check);

  /** Messages with bytes, and what must not pass them. */
  const waiting = createQueue<Waiting>(
    async ({ attachments, failed, line }, done) => {
      let numbers = "";
      try {
        if (!closed && attachments !== undefined) {
          mapForEach(attachments, ({ number }) => {
            numbers += `+${number}`;
          });
          if (answers === 0) await known(gate.wait(false));
          await known(upload(transfer, key, pieceSize, attachments));
        }
      } catch (error) {
        // What got there of a lost message is of no use.
        line = (lost) => encodeLine("c", 0, encodeNotification("$/dropped"), lost);
        if (!closed) failed?.(error as AuroraViewError);
      }
      write(line(numbers));
      done();
    },
  );

  function check(): void {
    if (closed) throw closedError();
  }

  function write(text: string): void {
    if (closed) return;
    if (direct) {
      laneLines += text;
      if (laneLines.length > MAX_LANE_POST) flushLane();
    } else lines += text;
    schedule();
  }

  function schedule(): void {
    if (scheduled || closed) return;
    scheduled = true;
    queueMicrotask(flush);
  }

  async function flush(): Promise<void> {
    scheduled = false;
    if (laneLines) flushLane();
    if (closed || unanswered > (lines === "" && !news ? 0 : MAX_PARKED)) return;
    if (!behind) handled = answers;
    const text = encodeFirstLine(key, handled) + lines;
    lines = "";
    news = false;
    unanswered += 1;
    let batch: unknown;
    try {
      batch = await known(transport.post(text));
    } catch (error) {
      // WebKitGTK answers so: crates/ui/src/backend/webkitgtk.rs says why.
      if (!startsWith((batch = own(error as object, "message") || "") as string, "[")) close(error);
    }
    onAnswer(batch as string); // nothing, when closed
  }

  function onAnswer(batch: string): void {
    if (closed) return;
    unanswered -= 1;
    answers += 1;
    gate.release();
    take(batch);
  }

  function take(batch: string): void {
    try {
      if (!events.onBatch(batch)) behind = true;
    } finally {
      // After the batch: what its receivers send in return goes with the post that parks again.
      schedule();
    }
  }

  /** How far this side is. Not before somebody asks: what the page's promises do with a batch, they do after it. */
  const tell = (): void => flushLane(behind ? 0 : laneBatches);

  function flushLane(handled = 0): void {
    if (closed) return;
    lane!(encodeLanePost(handled, laneLines)); // it calls nobody
    laneLines = "";
  }

  function onLane(came: string | Uint8Array | true | null, count: number): void {
    if (closed) return;
    if (typeof came === "string") {
      laneBatches += count;
      take(came);
      if (count === 0) tell();
    } else if (came === true) gate.release();
    else if (came !== null) mapSet(events.arrived, count, came);
    else close("lane");
  }

  function close(reason: unknown): void {
    if (closed) return;
    closed = true;
    gate.release();
    events.onClosed(reason);
  }

  function send(kind: LineKind, id: number, body: JsonText, attachments?: Attachments, failed?: (error: AuroraViewError) => void): void {
    const line = (numbers?: string) => encodeLine(kind, id, body, numbers);
    const isFirst = waiting.isEmpty();
    if (attachments === undefined ? isFirst || kind === "c" : isFirst && mapSize(attachments) === 0) return write(line());
    if (closed) return;
    // What the engine takes from the page's own memory within this call need not be copied before.
    if (attachments !== undefined) keep(attachments, answers > 0 && isFirst ? pieceSize : 0);
    waiting.enqueue({ attachments, failed, line });
  }

  return {
    check,
    send,
    offerLane() {
      if (!closed) lane?.(nonce);
    },
    switchWays() {
      if (lane === undefined) return;
      lane["take"](onLane);
      // What waits for its bytes goes the way that they go.
      waiting.enqueue({
        line() {
          write(encodeLine("l", 0, "{}"));
          direct = true;
          transfer = (_path, _key, piece, number) => {
            if (laneLines) flushLane(); // the line of the last message: the host keeps the bytes of one that it has not heard of
            return gate.wait(lane!["bytes"](number, piece));
          };
          pieceSize = 1 / 0; // the library takes any, and copies it at once
          return "";
        },
      });
    },
    control: (method, text) => send("c", 0, encodeNotification(method, { text })),
    caughtUp() {
      if (!behind) return;
      behind = false;
      news = true;
      if (direct) setTimeout(tell);
      schedule();
    },
  };
}
