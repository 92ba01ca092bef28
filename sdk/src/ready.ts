import { createGate } from "./gate.ts";
import type { AuroraViewError } from "./errors.ts";
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
  const gate = createGate<Ready>();
  let ready: Ready | undefined;
  return {
    whenReady() {
      return new NewPromise((resolve) => {
        if (ready === undefined) outbox.check(); // throws into the promise
        resolve(ready ?? gate.wait());
      });
    },
    isReady: () => ready !== undefined,
    onHello(doc) {
      ready = { doc };
      gate.release(ready);
    },
    fail: gate.fail,
  };
}
