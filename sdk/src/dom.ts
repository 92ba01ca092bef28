// What the bridge uses of the DOM, taken at the same moment and for the same reason as in intrinsics.ts.
import type { Transfer } from "./transfer.ts";
import { bare, known, uncurryGetter, uncurryThis } from "./intrinsics.ts";

const doc = document;
const target = window;
const NewCustomEvent = CustomEvent;
const { console, performance, fetch } = globalThis;
const clockStart = performance.timeOrigin;
const readClock = performance.now.bind(performance);
const detailOf = uncurryGetter<CustomEvent, unknown>(CustomEvent.prototype, "detail");

export const NewAbortController = AbortController;
export const abort = uncurryThis(AbortController.prototype.abort);
export const signalOf = uncurryGetter<AbortController, AbortSignal>(AbortController.prototype, "signal");

// They need no `this`: without one they are those of window. Not of EventTarget.prototype: in test environments `window` is
// often no EventTarget, its members are bound to one.
export const {
  addEventListener: listen, clearTimeout, dispatchEvent: dispatchOnWindow, queueMicrotask, removeEventListener: unlisten, setTimeout,
} = globalThis;
export const eventType = uncurryGetter<Event, string>(Event.prototype, "type");
export const customEvent = (name: string, detail?: unknown): CustomEvent => new NewCustomEvent(name, bare({ detail }));

/** The detail of a CustomEvent; undefined for any other event. The getter itself is the test: it cannot be forged. */
export function customDetail(event: Event): { detail: unknown } | undefined {
  try {
    return { detail: detailOf(event as CustomEvent) };
  } catch {
    return undefined;
  }
}

/** True if the engine dispatches events of this name itself: `load`, `click`, `visibilitychange` ... */
export const isBrowserEvent = (name: string): boolean =>
  `on${name}` in target || `on${name}` in doc || name === "DOMContentLoaded";

/** True if every script that stands in the document has certainly run. */
export const isLoaded = (): boolean => doc.readyState === "complete";

/**
 * The transfer of a page whose own scheme is at `origin`. Throws the status, or the engine's error.
 */
export function fetchTransfer(origin: string): Transfer {
  const { prototype } = Response;
  const statusOf = uncurryGetter<Response, number>(prototype, "status");
  const bytesOf = uncurryThis(prototype.arrayBuffer);
  return async (path, key, body) => {
    const headers = bare({ "x-auroraview": key });
    const init = bare({ method: body === undefined ? "GET" : "POST", body, headers, cache: "no-store", credentials: "omit" });
    const response = await known(fetch(`${origin}/$/${path}`, init as RequestInit));
    const status = statusOf(response);
    if (status > 299) throw status; // a redirection is followed, and what is below is no answer
    return known(bytesOf(response));
  };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** A text as UTF-8. */
export const encodeText = encoder.encode.bind(encoder) as (text: string) => Uint8Array;
/** The other way; it drops a byte order mark. */
export const decodeText = decoder.decode.bind(decoder) as (bytes: Uint8Array) => string;

/** Milliseconds since 1970, with what the engine gives of the fractions. */
export const now = (): number => clockStart + readClock();

export const { error: complain } = console;

/** An exception of the page's own code: nobody catches it, in a task of its own, and the bridge goes on. */
export function report(error: unknown): void {
  setTimeout(() => {
    throw error;
  }, 0);
}

/** Calls code of the page. */
export function guarded(fn: () => void): void {
  try {
    fn();
  } catch (error) {
    report(error);
  }
}

