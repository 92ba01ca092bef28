import { complain } from "./dom.ts";
import { fault } from "./errors.ts";
import type { ConfigValues } from "./index.ts";
import { bare, isObject, own } from "./intrinsics.ts";

export interface Config {
  get<Name extends keyof ConfigValues>(name: Name): NonNullable<ConfigValues[Name]>;
  set(values: ConfigValues): void;
  /** Reads `window.__AURORAVIEW_CONFIG__`. What `setConfig` was told before stays. */
  readPage(): void;
}

type Known = { readonly [Name in keyof Required<ConfigValues>]?: ConfigValues[Name] };

const DEFAULTS: Required<ConfigValues> = bare({
  callTimeoutMs: 30_000,
  backendFailFast: true,
  heartbeatTimeoutMs: 0,
});

export function createConfig(): Config {
  let fromPage: Known = bare({});
  let fromCall: Known = bare({});
  return {
    get: (name) => (fromCall[name] ?? fromPage[name] ?? DEFAULTS[name]) as never,
    set(values) {
      fromCall = read(values, fromCall);
    },
    readPage() {
      const values = (window as { __AURORAVIEW_CONFIG__?: unknown }).__AURORAVIEW_CONFIG__;
      if (values === undefined) return;
      try {
        fromPage = read(values, fromPage);
      } catch (error) {
        complain("auroraview: __AURORAVIEW_CONFIG__ is ignored", error);
      }
    },
  };
}

function read(values: unknown, before: Known): Known {
  if (!isObject(values)) throw fault("INVALID_ARGUMENTS", "the config must be an object");
  const known: Record<string, unknown> = bare({ ...before });
  for (const name in DEFAULTS) {
    const value = own(values, name);
    if (value !== undefined) known[name] = name === "backendFailFast" ? value === true : checkTimeout(value);
  }
  return known;
}

/** Longest time that a timer of the engine holds; beyond, it would fire at once. */
const MAX_TIMER = 2 ** 31 - 1;

/** Milliseconds; 0 stands for no limit, and so does more than a timer holds (24 days). */
export function checkTimeout(timeout: unknown): number {
  if (typeof timeout !== "number" || !(timeout >= 0)) {
    throw fault("INVALID_ARGUMENTS", "the timeout must be a number of milliseconds");
  }
  return timeout > MAX_TIMER ? 0 : timeout;
}
