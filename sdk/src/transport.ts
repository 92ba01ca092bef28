import { apply } from "./intrinsics.ts";

/** The way to the UI process. Each text is answered exactly once, with a batch; a rejection means that the link is gone. */
export interface Transport {
  post(text: string): Promise<string>;
}

interface ScriptMessageHandler {
  postMessage(text: string): Promise<string>;
}

type WebKitWindow = { readonly webkit?: { readonly messageHandlers: { readonly auroraview?: ScriptMessageHandler } } };

/** WebKit's script message handler with reply. Undefined where the engine has none of our name. */
export function webkitTransport(): Transport | undefined {
  const handler = (window as unknown as WebKitWindow).webkit?.messageHandlers.auroraview;
  if (handler === undefined) return undefined;
  // Both taken now: later the page could put its own function in the way and read the secret.
  const { postMessage } = handler;
  return { post: (text) => apply(postMessage, handler, [text]) };
}
