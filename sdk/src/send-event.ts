import { complain } from "./dom.ts";
import { type AuroraViewError, fault } from "./errors.ts";
import { createGate } from "./gate.ts";
import { checkName, checkSize, encodeData } from "./json.ts";
import type { Outbox } from "./outbox.ts";
import { encodeNotification, EVENT_BYTES, MAX_UNCREDITED_EVENTS, type Params } from "./protocol.ts";

export interface EventSender {
  sendEvent(name: string, detail?: unknown): void;
  /** A notification of ours, which the host handles and counts like an event. */
  send(method: string, data: Params | undefined): void;
  drained(): Promise<void>;
  /** The host handled so many of our events. */
  onCredit(events: number): void;
  fail(error: () => AuroraViewError): void;
}

/** Events to Python: fire and forget, but never more than the host can keep up with. */
export function createEventSender(outbox: Outbox): EventSender {
  const gate = createGate<void>(outbox.check);
  let uncredited = 0;
  const isDrained = () => uncredited < MAX_UNCREDITED_EVENTS / 2;

  function send(method: string, data: Params | undefined): void {
    outbox.check();
    if (uncredited >= MAX_UNCREDITED_EVENTS) {
      throw fault("QUEUE_FULL", `${method}: ${MAX_UNCREDITED_EVENTS} events are pending; await drained()`);
    }
    const body = checkSize(encodeNotification(method, data));
    // As many events as its bytes are: the host holds them until it has handled it.
    const size = data?.size ?? 0;
    const weight = 1 + ((size / EVENT_BYTES) | 0);
    uncredited += weight;
    outbox.send("n", 0, body, data?.attachments, (error) => {
      onCredit(weight);
      complain(`auroraview: the event ${method} is lost: ${error.message}`);
    });
  }

  function onCredit(events: number): void {
    uncredited = events < uncredited ? uncredited - events : 0;
    if (isDrained()) gate.release();
  }

  return {
    sendEvent(name, detail) {
      checkName(name);
      send(name, encodeData(detail));
    },
    send,
    drained: () => gate.wait(isDrained()),
    onCredit,
    fail: gate.fail,
  };
}
