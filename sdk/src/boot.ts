// Entry of the bundle. It runs in every frame of every document, before any script of the page.
import { createBridge } from "./bridge.ts";
import { bare, defineProperty, hasOwn, randomWord } from "./intrinsics.ts";
import { engineTransport } from "./transport.ts";

/**
 * A constant of the function that the UI process wraps around the bundle. Only our closures can see it: it is on no object,
 * and the text of no function that a page can reach holds its value.
 */
declare const __AURORAVIEW_BOOT__: {
  readonly secret: string;
  /** Which may have the bridge; the view's own is the first. */
  readonly origins: readonly string[];
  readonly debug: boolean;
  readonly trace: boolean;
};

/** Engines report the origin of a scheme of ours as "null" unless it was registered as a standard one. */
const documentOrigin = (): string =>
  location.origin === "null" ? `${location.protocol}//${location.host}` : location.origin;

function boot(): void {
  if (window !== window.top) return;
  if (!__AURORAVIEW_BOOT__.origins.includes(documentOrigin())) return;
  if (hasOwn(window, "auroraview")) return; // injected twice
  const transport = engineTransport(__AURORAVIEW_BOOT__.origins[0]!);
  if (transport === undefined) return;
  const view = createBridge(transport, __AURORAVIEW_BOOT__.secret, randomWord(16), __AURORAVIEW_BOOT__.trace);
  defineProperty(window, "auroraview", bare({ value: view, enumerable: true }));
}

boot();
