import type { ErrorCode } from "../protocol.ts";

/** Codes that AuroraView itself uses; Python's handlers have their own. `NO_HOST`: the page is not in a window of AuroraView. */
export type Code = ErrorCode | "NO_HOST";

/** An error of the bridge or of Python. */
export interface AuroraViewError<C extends string = string, Data = any> extends Error {
  readonly code: C;
  /** Python's traceback; only in debug. */
  readonly traceback?: string;
  /** What the raiser attached. */
  readonly data?: Data;
}

/** Whether something that was thrown is an error of the bridge or of Python, and, if asked, the one with this code. */
export function isAuroraViewError<C extends string = Code | (string & {})>(thrown: unknown, code?: C): thrown is AuroraViewError<C> {
  if (!(thrown instanceof Error)) return false;
  const own = (thrown as { code?: unknown }).code;
  return typeof own === "string" && (code === undefined || own === code);
}
