// What the bridge uses of the DOM, taken at the same moment and for the same reason as in intrinsics.ts.
import { apply, bare, uncurryGetter, uncurryThis } from "./intrinsics.ts";

type Listener = (event: Event) => void;
type Timer = ReturnType<typeof globalThis.setTimeout>;

const doc = document;
const target = window;
const NewCustomEvent = CustomEvent;
const NewTextEncoder = TextEncoder;
const { setTimeout: setTimer, clearTimeout: clearTimer, queueMicrotask: queue } = globalThis;
const { console } = globalThis;
const { error: consoleError, warn: consoleWarn } = console;
const clock = globalThis.performance;
const { now: readClock } = clock;
const clockStart = clock.timeOrigin;
const reportTo = globalThis.reportError as ((error: unknown) => void) | undefined;

// Of window rather than of EventTarget.prototype: in test environments `window` is often no EventTarget, its members are
// bound to one.
const { addEventListener: add, removeEventListener: remove, dispatchEvent: dispatch } = target;
const detailOf = uncurryGetter<CustomEvent, unknown>(CustomEvent.prototype, "detail");
const encode = uncurryThis(TextEncoder.prototype.encode);

export const setTimeout = (fn: () => void, ms: number): Timer => apply(setTimer, target, [fn, ms]);
export const clearTimeout = (timer: Timer): void => apply(clearTimer, target, [timer]);
export const queueMicrotask = (fn: () => void): void => apply(queue, target, [fn]);

export const listen = (name: string, fn: Listener): void => apply(add, target, [name, fn]);
export const unlisten = (name: string, fn: Listener): void => apply(remove, target, [name, fn]);
export const dispatchOnWindow = (event: Event): boolean => apply(dispatch, target, [event]);
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

export const utf8Length = (text: string): number => encode(new NewTextEncoder(), text).length;

/** Milliseconds since 1970, with what the engine gives of the fractions. */
export const now = (): number => clockStart + apply(readClock, clock, []);

export const warn = (text: string): void => apply(consoleWarn, console, [text]);
export const complain = (text: string, cause?: unknown): void =>
  apply(consoleError, console, cause === undefined ? [text] : [text, cause]);

/** An exception of the page's own code: shown as if nobody had caught it, and the bridge goes on. */
export function report(error: unknown): void {
  if (reportTo !== undefined) apply(reportTo, target, [error]);
  else complain("Uncaught (in a handler of auroraview)", error);
}

/** Calls code of the page. */
export function guarded(fn: () => void): void {
  try {
    fn();
  } catch (error) {
    report(error);
  }
}

