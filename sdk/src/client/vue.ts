// Composables for Vue 3. Vue is the application's: nothing of it is bundled.
import { computed, type MaybeRefOrGetter, onScopeDispose, type Ref, type ShallowRef, shallowRef, toValue, watch, type WritableComputedRef } from "vue";
import type { Client } from "./client.ts";
import { callTask, streamTask, type Task } from "./task.ts";
import type { ApiShape, EventsOf, FunctionsOf, Namespaces, NameOf, StateOf } from "./shape.ts";

/** A call or a stream that a component runs. */
export interface Running<Args extends readonly unknown[], T> {
  readonly data: Readonly<Ref<T | undefined>>;
  readonly error: Readonly<Ref<unknown>>;
  readonly pending: Readonly<Ref<boolean>>;
  /** Begins it; what ran before is cancelled. */
  run(...args: Args): void;
  stop(): void;
}

export type Status = "waiting" | "ready" | "absent";

/** Composables for one client: `export const { useCall, useEvent, useSharedState } = createComposables(client)`. */
export interface Composables<A extends ApiShape> {
  /** The client, how far its bridge is, and whether Python is healthy. */
  useAuroraView(): { readonly client: Client<A>; readonly status: Readonly<ShallowRef<Status>>; readonly healthy: Readonly<ShallowRef<boolean>> };
  /**
   * Calls Python: `useCall((api, id: number) => api.api.shot(id), () => [props.id])`. With arguments it runs at once and when
   * they change; without, by `run(...)`. It is cancelled with its component.
   */
  useCall<Args extends readonly unknown[], T>(
    call: (api: Namespaces<FunctionsOf<A>>, ...args: Args) => Promise<T>,
    args?: MaybeRefOrGetter<Args>,
  ): Running<Args, T>;
  /** Loops over a generator of Python. `data` are its items, of which the last `keep` are kept (all). */
  useStream<Args extends readonly unknown[], T>(
    open: (api: Namespaces<FunctionsOf<A>>, ...args: Args) => AsyncIterable<T>,
    args?: MaybeRefOrGetter<Args>,
    keep?: number,
  ): Running<Args, readonly T[]>;
  /** Handles an event of Python while the component is there. */
  useEvent<Name extends NameOf<EventsOf<A>>>(name: Name, handler: (data: EventsOf<A>[Name]) => void): void;
  /** A name of the shared state; setting it to `undefined` deletes it. */
  useSharedState<Name extends NameOf<StateOf<A>>>(name: Name): WritableComputedRef<StateOf<A>[Name] | undefined>;
  useSharedState<Name extends NameOf<StateOf<A>>>(name: Name, missing: StateOf<A>[Name]): WritableComputedRef<StateOf<A>[Name]>;
}

export function createComposables<A extends ApiShape>(client: Client<A>): Composables<A> {
  const untyped = client as unknown as Client;

  function useTask<Args extends readonly unknown[], T>(task: Task<Args, T>, args: MaybeRefOrGetter<Args> | undefined): Running<Args, T> {
    const state = shallowRef(task.get());
    const unsubscribe = task.subscribe(() => (state.value = task.get()));
    if (args !== undefined) {
      const key = () => JSON.stringify(toValue(args));
      watch(key, () => task.run(...(toValue(args) as Args)), { immediate: true, flush: "sync" });
    }
    onScopeDispose(() => {
      unsubscribe();
      task.stop();
    });
    const { run, stop } = task;
    return {
      data: computed(() => state.value.data),
      error: computed(() => state.value.error),
      pending: computed(() => state.value.pending),
      run,
      stop,
    };
  }

  return {
    useAuroraView() {
      const status = shallowRef<Status>(client.isAvailable ? "waiting" : "absent");
      const healthy = shallowRef(true);
      client.whenReady().then(
        () => (status.value = "ready"),
        () => (status.value = "absent"),
      );
      onScopeDispose(untyped.on("backend_health", (health) => (healthy.value = health.status === "ok")));
      return { client, status, healthy };
    },
    useCall: (call, args) => useTask(callTask((options, given) => call(client.with(options), ...given)), args),
    useStream: (open, args, keep = Infinity) =>
      useTask(streamTask((options, given) => open(client.with(options), ...given), keep), args),
    useEvent: (name, handler) => onScopeDispose(client.on(name, handler)),
    useSharedState: (name: string, missing?: unknown) => {
      const value = shallowRef(untyped.state.get(name));
      onScopeDispose(untyped.state.subscribe(name, (change) => (value.value = change.value)));
      return computed({
        get: () => (value.value === undefined ? missing : value.value),
        set: (wanted) => untyped.state.update({ [name]: wanted }),
      }) as never;
    },
  };
}
