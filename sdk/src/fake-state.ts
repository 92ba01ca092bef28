// Python's end of the shared state, for the fake host: the truth, and what the page is told of it.
import { STATE } from "./protocol.ts";

export interface FakeState {
  readonly values: ReadonlyMap<string, unknown>;
  /** Python changes something; `undefined` deletes. */
  update(values: Record<string, unknown>): void;
  /** The page wants a change. */
  onPage(params: PageChange): void;
  /** A document has a bridge: it gets what there is. */
  onDocument(): void;
}

export interface PageChange {
  readonly change: number;
  readonly set: Record<string, unknown>;
  readonly delete: readonly string[];
}

/** `send`: a message to the page; one with a key replaces an older one of that key which still waits. */
export function createFakeState(send: (message: object, key?: string) => void): FakeState {
  const values = new Map<string, unknown>();
  let taken = 0;

  const tell = (params: object, key?: string) => send({ method: STATE, params: { ...params, ack: taken } }, key);

  function apply(set: Record<string, unknown>, removed: readonly string[]): void {
    for (const [name, value] of Object.entries(set)) values.set(name, value);
    for (const name of removed) values.delete(name);
  }

  return {
    values,
    update(wanted) {
      const names = Object.keys(wanted);
      const set = JSON.parse(JSON.stringify(wanted)) as Record<string, unknown>;
      const removed = names.filter((name) => wanted[name] === undefined);
      apply(set, removed);
      if (names.length > 0) tell({ set, delete: removed }, names.length === 1 ? names[0] : undefined);
    },
    onPage({ change, set, delete: removed }) {
      apply(set, removed);
      taken = change;
      tell({ set: {} }, "");
    },
    onDocument() {
      taken = 0;
      if (values.size > 0) tell({ all: Object.fromEntries(values) });
    },
  };
}
