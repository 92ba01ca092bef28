import type { AuroraViewError } from "./errors.ts";
import { createGate } from "./gate.ts";
import type { Ready } from "./index.ts";
import type { Outbox } from "./outbox.ts";

export interface ReadyState {
  whenReady(): Promise<Ready>;
  isReady(): boolean;
  /** `$/hello` came. */
  onHello(doc: number): void;
  fail(error: () => AuroraViewError): void;
}

export function createReady(outbox: Outbox): ReadyState {
  const gate = createGate<Ready>(outbox.check);
  let ready: Ready | undefined;
  return {
    whenReady: () => gate.wait(ready !== undefined, ready),
    isReady: () => ready !== undefined,
    onHello(doc) {
      ready = { doc };
      gate.release(ready);
    },
    fail: gate.fail,
  };
}
