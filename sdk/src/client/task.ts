// What a hook of any framework knows of a call or a stream that it runs: one at a time, the last one wins.
import type { CallOptions } from "../index.ts";
import { isAuroraViewError } from "./errors.ts";

export interface TaskState<T> {
  /** What came last: of a call its result; of a stream all items so far. Stays until the next one begins to bring something. */
  readonly data: T | undefined;
  readonly error: unknown;
  readonly pending: boolean;
}

export interface Task<Args extends readonly unknown[], T> {
  /** The same object until something changes. */
  get(): TaskState<T>;
  subscribe(listener: () => void): () => void;
  /** Begins; what ran before is cancelled, in Python too. */
  run(...args: Args): void;
  /** Cancels what runs. That is no error. */
  stop(): void;
}

type Options = Pick<CallOptions, "signal">;

/** `work` tells `put` what comes, and ends when nothing more comes. */
export function createTask<Args extends readonly unknown[], T>(
  work: (options: Options, put: (data: T) => void, args: Args) => Promise<void>,
): Task<Args, T> {
  const listeners = new Set<() => void>();
  let state: TaskState<T> = { data: undefined, error: undefined, pending: false };
  let running: AbortController | undefined;

  function change(to: Partial<TaskState<T>>): void {
    state = { ...state, ...to };
    for (const listener of [...listeners]) listener();
  }

  async function follow(abort: AbortController, args: Args): Promise<void> {
    /** Nobody wants to hear of a task that another one replaced. */
    const mine = (to: Partial<TaskState<T>>) => void (running === abort && change(to));
    try {
      await work({ signal: abort.signal }, (data) => mine({ data }), args);
      mine({ pending: false });
    } catch (error) {
      mine(abort.signal.aborted && isAuroraViewError(error, "CANCELLED") ? { pending: false } : { pending: false, error });
    }
  }

  return {
    get: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    run(...args) {
      running?.abort();
      running = new AbortController();
      change({ pending: true, error: undefined });
      void follow(running, args);
    },
    stop() {
      running?.abort();
      running = undefined;
      if (state.pending) change({ pending: false });
    },
  };
}

/** A call: its result. */
export const callTask = <Args extends readonly unknown[], T>(call: (options: Options, args: Args) => Promise<T>): Task<Args, T> =>
  createTask(async (options, put, args) => put(await call(options, args)));

/** A stream: its items, of which the last `keep` are kept. */
export const streamTask = <Args extends readonly unknown[], T>(
  open: (options: Options, args: Args) => AsyncIterable<T>,
  keep: number,
): Task<Args, readonly T[]> =>
  createTask(async (options, put, args) => {
    let items: readonly T[] = [];
    put(items);
    for await (const item of open(options, args)) {
      if (options.signal?.aborted === true) return; // leaving the loop ends the generator
      items = [...(items.length < keep ? items : items.slice(items.length - keep + 1)), item];
      put(items);
    }
  });
