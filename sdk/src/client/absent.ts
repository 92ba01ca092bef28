// Stands for the bridge in an ordinary browser: calls say that nobody is there, the state is the page's own, nothing throws.
import type { AuroraView, SharedState, StateChange, StateHandler } from "../index.ts";

const noHost = (): Error =>
  Object.assign(new Error("this page is not in a window of AuroraView; see @auroraview/sdk/dev for mocks"), { code: "NO_HOST" });

const stop = () => {};

type Absent = Omit<AuroraView, "api" | "native">;

let only: Absent | undefined;

/** The one bridge to nobody. */
export const absent = (): Absent => (only ??= createAbsent());

function createAbsent(): Absent {
  const reject = () => Promise.reject(noHost());
  return {
    call: reject as unknown as AuroraView["call"],
    on: () => stop,
    once: () => stop,
    off: stop,
    handle: () => stop,
    send_event: stop,
    drained: () => Promise.resolve(),
    whenReady: reject,
    isReady: () => false,
    setConfig: stop,
    state: createLocalState(),
    markBackendUnhealthy: stop,
    markBackendHealthy: stop,
    clearAllPendingCalls: stop,
  };
}

function createLocalState(): SharedState {
  const values = new Map<string, unknown>();
  const handlers = new Set<(change: StateChange) => void>();
  function update(wanted: object): void {
    for (const [name, value] of Object.entries(wanted)) {
      if (value === undefined) values.delete(name);
      else values.set(name, value);
    }
    for (const [name, value] of Object.entries(wanted)) {
      for (const handler of [...handlers]) handler({ name, value, source: "page" });
    }
  }
  function subscribe(name: string | StateHandler, handler?: StateHandler): () => void {
    const all: StateHandler =
      typeof name === "function" ? (change) => name(change) : (change) => change.name === name && handler?.(change);
    handlers.add(all);
    return () => void handlers.delete(all);
  }
  return {
    get: (name) => values.get(name) as any,
    set: (name, value) => update({ [name]: value }),
    delete: (name) => update({ [name]: undefined }),
    update,
    keys: () => values.keys(),
    subscribe,
  };
}
