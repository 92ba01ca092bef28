import {
  apply,
  bare,
  indexOf,
  mapDelete,
  mapGet,
  mapSet,
  NewMap,
  NewPromise,
  slice,
  startsWith,
  uncurryGetter,
  uncurryThis,
} from "./intrinsics.ts";

/** The way to the UI process. Each text is answered exactly once, with a batch; a rejection means that the link is gone. */
export interface Transport {
  post(text: string): Promise<string>;
}

interface ScriptMessageHandler {
  postMessage(text: string): Promise<string>;
}

type WebKitWindow = { readonly webkit?: { readonly messageHandlers: { readonly auroraview?: ScriptMessageHandler } } };

interface WebViewPort {
  postMessage(text: string): void;
  addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
}

type WebView2Window = { readonly chrome?: { readonly webview?: WebViewPort } };

interface Waiting {
  readonly answer: (batch: string) => void;
  readonly refuse: (reason: string) => void;
}

/** The transport of the engine that shows this page. `nonce` is a word that nobody can guess, of this document only. */
export function engineTransport(nonce: string): Transport | undefined {
  return webkitTransport() ?? webview2Transport(nonce);
}

/** WebKit's script message handler with reply. Undefined where the engine has none of our name. */
function webkitTransport(): Transport | undefined {
  const handler = (window as unknown as WebKitWindow).webkit?.messageHandlers.auroraview;
  if (handler === undefined) return undefined;
  // Both taken now: later the page could put its own function in the way and read the secret.
  const { postMessage } = handler;
  return { post: (text) => apply(postMessage, handler, [text]) };
}

/**
 * WebView2 answers no post; it sends messages. So each post begins with a word of its own, and the message that begins
 * with the same word answers it: `<word> a<batch>` or `<word> r<reason>`.
 *
 * The words are secret: a message that the page makes itself answers nothing. Ours are kept from the page's own listeners,
 * since this one was there first.
 */
function webview2Transport(nonce: string): Transport | undefined {
  const port = (window as unknown as WebView2Window).chrome?.webview;
  if (port === undefined) return undefined;
  const { postMessage, addEventListener } = port;
  const dataOf = uncurryGetter<MessageEvent, unknown>(MessageEvent.prototype, "data");
  const stop = uncurryThis(Event.prototype.stopImmediatePropagation);
  const waiting: Map<string, Waiting> = new NewMap();
  let posts = 0;
  apply(addEventListener, port, [
    "message",
    (event: MessageEvent) => {
      const text = dataOf(event);
      if (typeof text !== "string" || !startsWith(text, nonce)) return;
      stop(event);
      const end = indexOf(text, " ");
      const word = slice(text, 0, end);
      const post = mapGet(waiting, word);
      if (post === undefined) return;
      mapDelete(waiting, word);
      const { answer, refuse } = post;
      (slice(text, end + 1, end + 2) === "a" ? answer : refuse)(slice(text, end + 2));
    },
  ]);
  return {
    post: (text) =>
      new NewPromise((answer, refuse) => {
        const word = `${nonce}-${(posts += 1)}`;
        mapSet(waiting, word, bare({ answer, refuse }));
        apply(postMessage, port, [`${word} ${text}`]);
      }),
  };
}
