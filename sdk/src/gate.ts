import type { AuroraViewError } from "./errors.ts";
import { NewPromise, NewSet, setAdd, setClear, setForEach } from "./intrinsics.ts";

/** Promises that wait for one thing: `whenReady()`, `drained()`. Each waiter has its own, so nobody can spoil another's. */
export interface Gate<T> {
  wait(): Promise<T>;
  release(value: T): void;
  fail(error: () => AuroraViewError): void;
}

interface Waiter<T> {
  resolve(value: T): void;
  reject(error: AuroraViewError): void;
}

/** `check` throws where waiting would be in vain. */
export function createGate<T>(check: () => void): Gate<T> {
  const waiters = new NewSet<Waiter<T>>();
  const each = (fn: (waiter: Waiter<T>) => void) => {
    setForEach(waiters, fn);
    setClear(waiters);
  };
  return {
    wait: () =>
      new NewPromise((resolve, reject) => {
        check(); // what it throws rejects the promise
        setAdd(waiters, { resolve, reject });
      }),
    release: (value) => each((waiter) => waiter.resolve(value)),
    fail: (error) => each((waiter) => waiter.reject(error())),
  };
}
