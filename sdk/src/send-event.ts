import { type AuroraViewError, fault } from "./errors.ts";
import { createGate } from "./gate.ts";
import { NewPromise } from "./intrinsics.ts";
import { checkName, checkSize, encodeData } from "./json.ts";
import type { Outbox } from "./outbox.ts";
import { encodeNotification, MAX_UNCREDITED_EVENTS } from "./protocol.ts";

export interface EventSender {
  sendEvent(name: string, detail?: unknown): void;
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

  return {
    sendEvent(name, detail) {
      outbox.check();
      checkName(name, "event");
      if (uncredited >= MAX_UNCREDITED_EVENTS) {
        throw fault("QUEUE_FULL", `${name}: ${MAX_UNCREDITED_EVENTS} events are not handled yet; await drained()`);
      }
      const body = checkSize(encodeNotification(name, encodeData(detail)));
      uncredited += 1;
      outbox.send("n", 0, body);
    },
    drained: () => (isDrained() ? new NewPromise((resolve) => resolve()) : gate.wait()),
    onCredit(events) {
      uncredited = events < uncredited ? uncredited - events : 0;
      if (isDrained()) gate.release();
    },
    fail: gate.fail,
  };
}
