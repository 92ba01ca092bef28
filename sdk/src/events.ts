import { guarded } from "./dom.ts";
import type { EventHandler } from "./index.ts";
import { mapDelete, mapForEach, mapGet, mapSet, mapSize, NewMap } from "./intrinsics.ts";
import { checkFunction, checkName } from "./json.ts";

export interface Handlers {
  on(name: string, handler: EventHandler): () => void;
  once(name: string, handler: EventHandler): () => void;
  off(name: string, handler?: EventHandler): void;
  /** `on` for names of our own. */
  subscribe(name: string, handler?: EventHandler): () => void;
  /** Runs the handlers of an event; one that throws is reported and the others still run. */
  run(name: string, data: unknown): void;
}

interface Subscription {
  readonly handler: EventHandler;
  readonly once: boolean;
  /** When it was made: a handler that is added while an event is delivered does not see that event. */
  readonly order: number;
}

export function createHandlers(): Handlers {
  const byName = new NewMap<string, Map<Subscription, Subscription>>();
  let lastOrder = 0;

  function subscribe(name: string, handler?: EventHandler, once = false): () => void {
    checkFunction(handler);
    const subscription: Subscription = { handler, once, order: (lastOrder += 1) };
    let subscriptions = mapGet(byName, name);
    if (subscriptions === undefined) mapSet(byName, name, (subscriptions = new NewMap()));
    mapSet(subscriptions, subscription, subscription);
    return () => remove(name, subscription);
  }

  const checked = (once: boolean) => (name: string, handler: EventHandler) => {
    checkName(name);
    return subscribe(name, handler, once);
  };

  function remove(name: string, subscription: Subscription): void {
    const subscriptions = mapGet(byName, name);
    if (subscriptions === undefined) return;
    mapDelete(subscriptions, subscription);
    if (mapSize(subscriptions) === 0) mapDelete(byName, name);
  }

  const each = (name: string, fn: (subscription: Subscription) => void) => {
    const subscriptions = mapGet(byName, name);
    if (subscriptions !== undefined) mapForEach(subscriptions, fn);
  };

  return {
    on: checked(false),
    once: checked(true),
    subscribe,
    off(name, handler) {
      each(name, (subscription) => {
        if (handler === undefined || subscription.handler === handler) remove(name, subscription);
      });
    },
    run(name, data) {
      const last = lastOrder;
      // A Map visits what is added on the way, and leaves out what is removed: only the former has to be told apart.
      each(name, (subscription) => {
        if (subscription.order > last) return;
        if (subscription.once) remove(name, subscription);
        const { handler } = subscription;
        guarded(() => handler(data));
      });
    },
  };
}
