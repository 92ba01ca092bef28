import type { AuroraViewError } from "./errors.ts";
import { createGate } from "./gate.ts";
import type { Ready } from "./index.ts";
import { NewPromise } from "./intrinsics.ts";
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
    whenReady() {
      const known = ready;
      return known === undefined ? gate.wait() : new NewPromise((resolve) => resolve(known));
    },
    isReady: () => ready !== undefined,
    onHello(doc) {
      ready = { doc };
      gate.release(ready);
    },
    fail: gate.fail,
  };
}
