import type { ErrorCode, WireError } from "./protocol.ts";
import { bare, defineProperty, hasOwn, indexOf, NewError, slice, startsWith, toText } from "./intrinsics.ts";

/** Every error of the bridge, and every error that came from Python: `name` is then the Python class. */
export class AuroraViewError extends Error {
  /** One of the codes of protocol/README.md, or whatever the host raised. */
  readonly code: string;
  /** Python's traceback; only in debug. */
  declare readonly traceback?: string;
  /** What the raiser attached. */
  declare readonly data?: unknown;

  constructor(error: WireError) {
    super(error.message);
    this.code = error.code;
    // Defined rather than assigned: a setter on Error.prototype could be the page's.
    define(this, "name", error.name);
    if (hasOwn(error, "traceback")) define(this, "traceback", error.traceback);
    if (hasOwn(error, "data")) define(this, "data", error.data);
  }
}

const define = (to: object, name: string, value: unknown): boolean =>
  defineProperty(to, name, bare({ value, writable: true, configurable: true, enumerable: name !== "name" }));

/** Where people know a name for it from the platform, the platform's name. */
const nameOf = (code: ErrorCode): string =>
  code === "TIMEOUT" ? "TimeoutError" : code === "CANCELLED" ? "AbortError" : "AuroraViewError";

export const fault = (code: ErrorCode, message: string): AuroraViewError =>
  new AuroraViewError({ name: nameOf(code), code, message });

/** The words of whatever was thrown. */
export function describe(thrown: unknown): string {
  try {
    return typeof thrown === "object" && thrown !== null ? (thrown as Error).message : toText(thrown);
  } catch {
    return "it throws";
  }
}

export const closedError = (): AuroraViewError => fault("CLOSED", "the view is closed, or its UI process is gone");

/** The stack of whoever called the bridge, for the error that may arrive later. */
export const callSite = (): Error => new NewError("call");

/** Gives an error that arrived later the stack of the call it belongs to. */
export function blame(error: AuroraViewError, site: Error): AuroraViewError {
  const frames = site.stack ?? "";
  // WebKit has the frames only; V8 begins with a line that names the error.
  const stack = startsWith(frames, "Error: call\n") ? `${error.name}: ${error.message}${slice(frames, indexOf(frames, "\n"))}` : frames;
  define(error, "stack", stack);
  return error;
}
