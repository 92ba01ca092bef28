import { warn } from "./dom.ts";
import { fault } from "./errors.ts";
import { isObject, own } from "./intrinsics.ts";
import type { ConfigValues } from "./index.ts";

export interface Config {
  callTimeoutMs(): number;
  set(values: ConfigValues): void;
  /** Reads `window.__AURORAVIEW_CONFIG__`. What `setConfig` was told before stays. */
  readPage(): void;
}

const DEFAULT_CALL_TIMEOUT_MS = 30_000;

export function createConfig(): Config {
  let fromPage: number | undefined;
  let fromCall: number | undefined;
  return {
    callTimeoutMs: () => fromCall ?? fromPage ?? DEFAULT_CALL_TIMEOUT_MS,
    set(values) {
      fromCall = readTimeout(values) ?? fromCall;
    },
    readPage() {
      const values = (window as { __AURORAVIEW_CONFIG__?: unknown }).__AURORAVIEW_CONFIG__;
      if (values === undefined) return;
      try {
        fromPage = readTimeout(values) ?? fromPage;
      } catch (error) {
        warn(`auroraview: __AURORAVIEW_CONFIG__ is ignored: ${(error as Error).message}`);
      }
    },
  };
}

function readTimeout(values: unknown): number | undefined {
  if (!isObject(values)) throw fault("INVALID_ARGUMENTS", "the configuration must be an object");
  const timeout = own(values, "callTimeoutMs");
  return timeout === undefined ? undefined : checkTimeout(timeout);
}

/** Longest time that a timer of the engine holds; beyond, it would fire at once. */
const MAX_TIMER = 2 ** 31 - 1;

/** Milliseconds; 0 stands for no limit, and so does more than a timer holds (24 days). */
export function checkTimeout(timeout: unknown): number {
  if (typeof timeout !== "number" || !(timeout >= 0)) {
    throw fault("INVALID_ARGUMENTS", "a timeout is a number of milliseconds, or 0 for none");
  }
  return timeout > MAX_TIMER ? 0 : timeout;
}
