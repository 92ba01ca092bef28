import { guarded } from "./dom.ts";
import { fault } from "./errors.ts";
import type { EventHandler } from "./index.ts";
import { mapDelete, mapGet, mapSet, NewMap, NewSet, setAdd, setDelete, setForEach, setSize } from "./intrinsics.ts";
import { checkName } from "./json.ts";

export interface Handlers {
  on(name: string, handler: EventHandler): () => void;
  once(name: string, handler: EventHandler): () => void;
  off(name: string, handler?: EventHandler): void;
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
  const byName = new NewMap<string, Set<Subscription>>();
  let lastOrder = 0;

  function subscribe(name: string, handler: EventHandler, once: boolean): () => void {
    checkName(name, "event");
    if (typeof handler !== "function") throw fault("INVALID_ARGUMENTS", "the handler must be a function");
    const subscription: Subscription = { handler, once, order: (lastOrder += 1) };
    let subscriptions = mapGet(byName, name);
    if (subscriptions === undefined) mapSet(byName, name, (subscriptions = new NewSet()));
    setAdd(subscriptions, subscription);
    return () => remove(name, subscription);
  }

  function remove(name: string, subscription: Subscription): void {
    const subscriptions = mapGet(byName, name);
    if (subscriptions === undefined) return;
    setDelete(subscriptions, subscription);
    if (setSize(subscriptions) === 0) mapDelete(byName, name);
  }

  const each = (name: string, fn: (subscription: Subscription) => void) => {
    const subscriptions = mapGet(byName, name);
    if (subscriptions !== undefined) setForEach(subscriptions, fn);
  };

  return {
    on: (name, handler) => subscribe(name, handler, false),
    once: (name, handler) => subscribe(name, handler, true),
    off(name, handler) {
      each(name, (subscription) => {
        if (handler === undefined || subscription.handler === handler) remove(name, subscription);
      });
    },
    run(name, data) {
      const last = lastOrder;
      // A Set visits what is added on the way, and leaves out what is removed: only the former has to be told apart.
      each(name, (subscription) => {
        if (subscription.order > last) return;
        if (subscription.once) remove(name, subscription);
        const { handler } = subscription;
        guarded(() => handler(data));
      });
    },
  };
}
