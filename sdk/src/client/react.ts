// Hooks for React 18 and later. React is the application's: nothing of it is bundled.
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import type { Client } from "./client.ts";
import { callTask, streamTask, type Task, type TaskState } from "./task.ts";
import type { ApiShape, EventsOf, FunctionsOf, Namespaces, NameOf, StateOf } from "./shape.ts";

/** A call or a stream that a component runs. */
export interface Running<Args extends readonly unknown[], T> extends TaskState<T> {
  /** Begins it; what ran before is cancelled. */
  run(...args: Args): void;
  stop(): void;
}

export type Status = "waiting" | "ready" | "absent";

/** Hooks for one client: `export const { useCall, useEvent, useSharedState } = createHooks(client)`. */
export interface Hooks<A extends ApiShape> {
  /** The client, how far its bridge is, and whether Python is healthy. */
  useAuroraView(): { readonly client: Client<A>; readonly status: Status; readonly healthy: boolean };
  /**
   * Calls Python: `useCall((api, id: number) => api.api.shot(id), [id])`. With arguments it runs when the component appears
   * and when they change; without, by `run(...)`. It is cancelled when the component goes.
   */
  useCall<Args extends readonly unknown[], T>(
    call: (api: Namespaces<FunctionsOf<A>>, ...args: Args) => Promise<T>,
    args?: Args,
  ): Running<Args, T>;
  /** Loops over a generator of Python. `data` are its items, of which the last `keep` are kept (all). */
  useStream<Args extends readonly unknown[], T>(
    open: (api: Namespaces<FunctionsOf<A>>, ...args: Args) => AsyncIterable<T>,
    args?: Args,
    keep?: number,
  ): Running<Args, readonly T[]>;
  /** Handles an event of Python while the component is there. */
  useEvent<Name extends NameOf<EventsOf<A>>>(name: Name, handler: (data: EventsOf<A>[Name]) => void): void;
  /** A name of the shared state, and a function that sets it (`undefined` deletes). */
  useSharedState<Name extends NameOf<StateOf<A>>>(
    name: Name,
  ): readonly [StateOf<A>[Name] | undefined, (value: StateOf<A>[Name] | undefined) => void];
  useSharedState<Name extends NameOf<StateOf<A>>>(
    name: Name,
    missing: StateOf<A>[Name],
  ): readonly [StateOf<A>[Name], (value: StateOf<A>[Name] | undefined) => void];
}

export function createHooks<A extends ApiShape>(client: Client<A>): Hooks<A> {
  const untyped = client as unknown as Client;

  function useTask<Args extends readonly unknown[], T>(make: () => Task<Args, T>, args: Args | undefined): Running<Args, T> {
    const task = useMemo(make, []);
    const state = useSyncExternalStore(task.subscribe, task.get, task.get);
    const key = args === undefined ? undefined : JSON.stringify(args);
    useEffect(() => {
      if (args !== undefined) task.run(...args);
    }, [task, key]);
    useEffect(() => () => task.stop(), [task]);
    return { ...state, run: task.run, stop: task.stop };
  }

  return {
    useAuroraView() {
      const [status, setStatus] = useState<Status>(client.isAvailable ? "waiting" : "absent");
      const [healthy, setHealthy] = useState(true);
      useEffect(() => {
        let here = true;
        client.whenReady().then(
          () => here && setStatus("ready"),
          () => here && setStatus("absent"),
        );
        const stop = untyped.on("backend_health", (health) => setHealthy(health.status === "ok"));
        return () => {
          here = false;
          stop();
        };
      }, []);
      return { client, status, healthy };
    },
    useCall(call, args) {
      const latest = useLatest(call);
      return useTask(() => callTask((options, given) => latest.current(client.with(options), ...given)), args);
    },
    useStream(open, args, keep = Infinity) {
      const latest = useLatest(open);
      return useTask(() => streamTask((options, given) => latest.current(client.with(options), ...given), keep), args);
    },
    useEvent(name, handler) {
      const latest = useLatest(handler);
      useEffect(() => client.on(name, (data) => latest.current(data)), [name]);
    },
    useSharedState: (name: string, missing?: unknown) => {
      const subscribe = useCallback((listener: () => void) => untyped.state.subscribe(name, listener), [name]);
      const get = () => untyped.state.get(name);
      const set = useCallback((value: unknown) => untyped.state.update({ [name]: value }), [name]);
      const value = useSyncExternalStore(subscribe, get, get);
      return [value === undefined ? missing : value, set] as never;
    },
  };
}

/** What the component was rendered with last, for what runs later. */
function useLatest<T>(value: T): { readonly current: T } {
  const latest = useRef(value);
  useEffect(() => {
    latest.current = value;
  });
  return latest;
}
