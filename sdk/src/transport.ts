import {
  indexOf,
  mapDelete,
  mapGet,
  mapSet,
  NewMap,
  NewPromise,
  randomWord,
  slice,
  startsWith,
  uncurryGetter,
  uncurryThis,
} from "./intrinsics.ts";

import { MAX_PIECE } from "./protocol.ts";
import { fetchTransfer } from "./dom.ts";
import type { Transfer } from "./transfer.ts";

/**
 * The way to the UI process. Each text is answered exactly once, with a batch, be it a rejection's message; any other
 * rejection means that the link is gone.
 */
export interface Transport {
  post(text: string): Promise<string>;
  /** Bytes, beside the lane. */
  readonly transfer: Transfer;
  /** So many bytes of an attachment go with one request at most. */
  readonly pieceSize: number;
  /** The fast lane, where there is one (protocol/README.md section 12). */
  readonly lane?: Lane | undefined;
}

/** Functions of the library in the web process. */
export interface Lane {
  /** Wants the document's nonce first, then posts. */
  (text: string): void;
  /**
   * From now on what the host sends comes: batches of so many each, the bytes of an attachment with its number before the batch
   * that names it, true when there is room for bytes of ours again, or null when the host is gone.
   */
  readonly "take": (onCame: (came: string | Uint8Array | true | null, count: number) => void) => void;
  /** Sends a piece of the attachment of that number. False: not everything is on its way yet, there will be room. */
  readonly "bytes": (number: number, piece: Uint8Array) => boolean;
}

/** Takes the lane's function away from the page. */
function takeLane(): Lane | undefined {
  const lane = window.__auroraview_lane__;
  delete window.__auroraview_lane__;
  return lane;
}

declare global {
  interface Window {
    /** Where the library puts its function, before any script of the page runs. */
    __auroraview_lane__?: Lane | undefined;
  }
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

/** There is a bundle for each engine; see build.mjs. */
declare const __WEBVIEW2__: boolean;

/** The transport of the engine that shows this page. `origin` is that of the view's own scheme. */
export function engineTransport(origin: string): Transport | undefined {
  return __WEBVIEW2__ ? webview2Transport(randomWord(16), origin) : webkitTransport(origin);
}

/** WebKit's script message handler with reply. Undefined where the engine has none of our name. */
function webkitTransport(origin: string): Transport | undefined {
  const handler = (window as unknown as WebKitWindow).webkit?.messageHandlers.auroraview;
  if (handler === undefined) return undefined;
  // Bound now: later the page could put its own function in the way and read the secret.
  return { post: handler.postMessage.bind(handler), transfer: fetchTransfer(origin), pieceSize: MAX_PIECE, lane: takeLane() };
}

/**
 * `nonce`: a word that nobody can guess, of this document only.
 *
 * WebView2 answers no post; it sends messages. So each post begins with a word of its own, and the message that begins
 * with the same word answers it: `<word> a<batch>` or `<word> r<reason>`.
 *
 * The words are secret: a message that the page makes itself answers nothing. Ours are kept from the page's own listeners,
 * since this one was there first.
 */
function webview2Transport(nonce: string, origin: string): Transport | undefined {
  const port = (window as unknown as WebView2Window).chrome?.webview;
  if (port === undefined) return undefined;
  const postMessage = port.postMessage.bind(port);
  const dataOf = uncurryGetter<MessageEvent, unknown>(MessageEvent.prototype, "data");
  const stop = uncurryThis(Event.prototype.stopImmediatePropagation);
  const waiting = new NewMap<string, (kind: string, text: string) => void>();
  let posts = 0;
  port.addEventListener("message", (event) => {
      const text = dataOf(event);
      if (typeof text !== "string" || !startsWith(text, nonce)) return;
      stop(event);
      const end = indexOf(text, " ");
      const word = slice(text, 0, end);
      const post = mapGet(waiting, word);
      if (post === undefined) return;
      mapDelete(waiting, word);
      post(slice(text, end + 1, end + 2), slice(text, end + 2));
  });
  return {
    post: (text) =>
      new NewPromise((answer, refuse) => {
        const word = `${nonce}-${(posts += 1)}`;
        mapSet(waiting, word, (kind, text) => (kind === "a" ? answer : refuse)(text));
        postMessage(`${word} ${text}`);
      }),
    transfer: fetchTransfer(origin),
    pieceSize: MAX_PIECE / 8, // it drops bodies from about 2 MB
  };
}
