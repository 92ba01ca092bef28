import { advance, known, mapDelete, mapGet, mapSet, NewMap, NewPromise } from "./intrinsics.ts";

/** What a call of Python brings item by item. One loop takes it. */
export interface Stream {
  readonly items: AsyncIterableIterator<unknown>;
  push(item: unknown): void;
  /** `last` returns what the loop's end is, or throws it, when the items before it are taken; `now`: at once. */
  end(last: () => unknown, now?: boolean): void;
}

/** `acknowledge(n)`: the loop has taken n more. `leave`: it takes no more. */
export function createStream(acknowledge: (items: number) => void, leave: () => unknown): Stream {
  const waiting = new NewMap<number, unknown>();
  let pushed = 0;
  let taken = 0;
  let acknowledged = 0;
  let over: (() => unknown) | undefined;
  let wake: (() => void) | undefined;

  async function* loop(): AsyncIterableIterator<unknown> {
    try {
      yield; // taken below: a generator that was left before it began would run no `finally`
      for (;;) {
        if (taken < pushed) {
          const item = mapGet(waiting, taken);
          mapDelete(waiting, taken);
          taken += 1;
          if (taken - acknowledged >= pushed - taken) {
            acknowledge(taken - acknowledged);
            acknowledged = taken;
          }
          yield item;
        } else if (over) return over();
        else await known(new NewPromise<void>((resolve) => (wake = resolve)));
      }
    } finally {
      leave();
    }
  }

  const items = loop();
  void advance(items);
  return {
    items,
    push(item) {
      mapSet(waiting, pushed, item);
      pushed += 1;
      wake?.();
    },
    end(last, now) {
      if (now) pushed = taken;
      over = last;
      wake?.();
    },
  };
}
