import type { AuroraViewError } from "./errors.ts";
import { mapForEach, mapSet, NewMap, NewPromise } from "./intrinsics.ts";

/** Promises that wait for one thing: `whenReady()`, `drained()`. Each waiter has its own, so nobody can spoil another's. */
export interface Gate<T> {
  /** Does not wait if the thing is there. */
  wait(isThere: boolean, value?: T): Promise<T>;
  release(value: T): void;
  fail(error: () => AuroraViewError): void;
}

interface Waiter<T> {
  resolve(value: T): void;
  reject(error: AuroraViewError): void;
}

/** `check` throws where waiting would be in vain. */
export function createGate<T>(check: () => void): Gate<T> {
  let waiters = new NewMap<Waiter<T>, unknown>();
  const each = (fn: (waiter: Waiter<T>) => void) => {
    mapForEach(waiters, (_, waiter) => fn(waiter));
    waiters = new NewMap();
  };
  return {
    wait: (isThere, value) =>
      new NewPromise((resolve, reject) => {
        if (isThere) return resolve(value as T);
        check(); // what it throws rejects the promise
        mapSet(waiters, { resolve, reject }, 0);
      }),
    release: (value) => each((waiter) => waiter.resolve(value)),
    fail: (error) => each((waiter) => waiter.reject(error())),
  };
}
