// A host of mocks, for a page in an ordinary browser: `vite dev` without Python. In a window of AuroraView it does nothing.
import { createFakeHost, type FakeHost } from "../testing.ts";
import type { ApiShape, FunctionsOf, StateOf } from "./shape.ts";

/** What stands for Python's functions: with the same parameters; what they throw rejects the call. */
export type Mocks<A> = {
  [Name in keyof FunctionsOf<A>]?: FunctionsOf<A>[Name] extends (...args: infer Args) => Promise<infer Result>
    ? (...args: Args) => Result | Promise<Result>
    : never;
};

export interface DevOptions<A> {
  readonly functions?: Mocks<A>;
  /** The shared state at the beginning. */
  readonly state?: Partial<StateOf<A>>;
}

/**
 * Makes `window.auroraview` over mocks, unless it is there. Returns the host, to emit events and change state by hand, or
 * undefined in a window of AuroraView.
 */
export function mockHost<A extends ApiShape = ApiShape>({ functions = {}, state = {} }: DevOptions<A> = {}): FakeHost | undefined {
  if ("auroraview" in window) return undefined;
  const byName = functions as Record<string, (...args: unknown[]) => unknown>;
  const namespaces = [...new Set(Object.keys(byName).map((name) => name.split(".", 1)[0] as string))];
  const host = createFakeHost({ session: { namespaces } });
  for (const [name, fn] of Object.entries(byName)) {
    host.bind(name, (params: unknown) => fn(...(Array.isArray(params) ? params : params === undefined ? [] : [params])));
  }
  host.state.update(state);
  Object.defineProperty(window, "auroraview", { value: host.open(), configurable: true, enumerable: true });
  return host;
}

/** For a mock: an error as Python would raise it. */
export function mockError(code: string, message: string, data?: unknown): Error {
  return Object.assign(new Error(message), { code, data });
}

export type { FakeHost };
