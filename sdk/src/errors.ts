import type { ErrorCode } from "./protocol.ts";
import { bare, defineProperty, hasOwn, indexOf, isObject, NewError, own, slice, startsWith, toText } from "./intrinsics.ts";

/** Every error of the bridge, and every error that came from Python: `name` is then the Python class. */
export class AuroraViewError extends Error {
  /** One of the codes of protocol/README.md, or whatever the host raised. */
  readonly code: string;
  /** Python's traceback; only in debug. */
  declare readonly traceback?: string;
  /** What the raiser attached. */
  declare readonly data?: unknown;

  /** `more`: the members beside those that each has. */
  constructor(name: string, code: string, message: string, more: object = bare({})) {
    super(message);
    this.code = code;
    // Defined rather than assigned: a setter on Error.prototype could be the page's.
    define(this, "name", name);
    for (const member in MORE) if (hasOwn(more, member)) define(this, member, own(more, member));
  }
}

const MORE = bare({ traceback: 0, data: 0 });

const define = (to: object, name: string, value: unknown): boolean =>
  defineProperty(to, name, bare({ value, writable: true, configurable: true, enumerable: name !== "name" }));

/** Where people know a name for it from the platform, the platform's name. */
const nameOf = (code: ErrorCode): string =>
  code === "TIMEOUT" ? "TimeoutError" : code === "CANCELLED" ? "AbortError" : "AuroraViewError";

export const fault = (code: ErrorCode, message: string, more?: object): AuroraViewError =>
  new AuroraViewError(nameOf(code), code, message, more);

/** The words of whatever was thrown. */
export function describe(thrown: unknown): string {
  try {
    return isObject(thrown) ? (thrown as Error).message : toText(thrown);
  } catch {
    return "it throws";
  }
}

export const closedError = (): AuroraViewError => fault("CLOSED", "the view is closed");

/** Set by build.mjs; the SDK's fake transport runs without it, on V8 mostly. */
declare const __WEBVIEW2__: boolean | undefined;
const ON_WEBKIT = typeof __WEBVIEW2__ !== "undefined" && !__WEBVIEW2__;

/** The stack of whoever called the bridge, for the error that may arrive later. */
export const callSite = (): Error => new NewError("call");

/** Gives an error that arrived later the stack of the call it belongs to. */
export function blame(error: AuroraViewError, site: Error): AuroraViewError {
  const frames = site.stack ?? "";
  // WebKit has the frames only; V8 begins with a line that names the error.
  const isNamed = !ON_WEBKIT && startsWith(frames, "Error: call\n");
  define(error, "stack", isNamed ? `${error.name}: ${error.message}${slice(frames, indexOf(frames, "\n"))}` : frames);
  return error;
}
