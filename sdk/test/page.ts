// A page of its own realm with the real bundle in it, injected at document start as the UI process does it.
import { JSDOM, VirtualConsole, type DOMWindow } from "jsdom";
import { inject } from "vitest";
import type { AuroraView } from "../src/index.ts";
import { createFakeHost, type FakeHost, type FakeHostOptions } from "../src/testing.ts";

export const SECRET = "5ec2e7-0f-this-view";

export interface PageOptions extends FakeHostOptions {
  html?: string;
  url?: string;
  origins?: string[];
  /** Runs before the bridge does. */
  before?: (window: DOMWindow) => void;
  host?: FakeHost;
  /** Whose way of posting the page has. */
  engine?: "webkitgtk" | "wkwebview" | "webview2";
}

export interface Page {
  window: DOMWindow & { auroraview: AuroraView; [name: string]: any };
  auroraview: AuroraView;
  host: FakeHost;
  /** What the page's console got, newest last. */
  errors: string[];
  /** Runs a script of the page. */
  run(script: string): any;
}

export function wrap(origins: string[], engine: "webkit" | "webview2" = "webkit"): string {
  const boot = JSON.stringify({ secret: SECRET, origins, debug: false });
  return `(function(){"use strict";const __AURORAVIEW_BOOT__=${boot};${inject("bundles")[engine]}})()`;
}

/** WebKitGTK's UI process answers with rejections, as webkitgtk.rs says, and WKWebView's with values. */
function webkitHandler(window: DOMWindow, host: FakeHost, rejects: boolean) {
  // The engine's promises and errors are of the page's realm.
  const PagePromise = window["Promise"] as PromiseConstructor;
  const PageError = window["Error"] as ErrorConstructor;
  return {
    postMessage: (text: string) =>
      new PagePromise((done, failed) => {
        const reject = (reason: string) => failed(new PageError(reason));
        void host.post(text).then(rejects ? reject : done, (error: Error) => reject(error.message));
      }),
  };
}

/** jsdom has no fetch. Ours knows the own scheme and answers as the UI process does. */
function addFetch(window: DOMWindow, host: FakeHost): void {
  window["Response"] = Response;
  window.Blob.prototype.arrayBuffer ??= function (this: Blob) {
    return new Promise((done) => {
      const reader = new window.FileReader();
      reader.onload = () => done(reader.result as ArrayBuffer);
      reader.readAsArrayBuffer(this);
    });
  };
  const answer = async (url: string, init: { headers: Record<string, string>; body?: Uint8Array }) => {
    const [, path = ""] = /^av:\/\/app\/\$\/(.*)$/.exec(url) ?? [];
    try {
      return new Response(await host.transfer(path, init.headers["x-auroraview"]!, init.body));
    } catch (error) {
      return new Response((error as Error).message, { status: (error as { status?: number }).status ?? 404 });
    }
  };
  Object.assign(window, { fetch: answer });
}

/** An event target, as WebView2's is; what the UI process does with a post and its answer is in webview2.rs. */
function webview2Port(window: DOMWindow, host: FakeHost) {
  const port = new window.EventTarget();
  const { MessageEvent } = window;
  const dispatch = port.dispatchEvent.bind(port);
  const message = (data: string) => void dispatch(new MessageEvent("message", { data }));
  return Object.assign(port, {
    postMessage(text: string) {
      const word = text.split(" ", 1)[0]!;
      const post = host.post(text.slice(word.length + 1));
      void post.then((batch) => message(`${word} a${batch}`), (error: Error) => message(`${word} r${error.message}`));
    },
  });
}

/** Opens a page; what its html holds has run, its DOMContentLoaded has not. */
export function loadPage(options: PageOptions = {}): Page {
  const host = options.host ?? createFakeHost(options);
  const errors: string[] = [];
  const virtualConsole = new VirtualConsole();
  const write = (to: string[]) => (...parts: unknown[]) => void to.push(parts.map(String).join(" "));
  virtualConsole.on("error", write(errors)).on("jsdomError", write(errors));
  const { window } = new JSDOM(options.html ?? "<!doctype html><title>page</title>", {
    url: options.url ?? "http://localhost:5173/index.html",
    runScripts: "dangerously",
    virtualConsole,
    beforeParse(window) {
      if (options.engine === "webview2") window["chrome"] = { webview: webview2Port(window, host) };
      else window["webkit"] = { messageHandlers: { auroraview: webkitHandler(window, host, options.engine !== "wkwebview") } };
      window["TextEncoder"] = TextEncoder; // jsdom has none
      window["TextDecoder"] = TextDecoder;
      addFetch(window, host);
      options.before?.(window);
      window.eval(wrap(options.origins ?? ["av://app", "http://localhost:5173"], options.engine === "webview2" ? "webview2" : "webkit"));
    },
  });
  const page = window as Page["window"];
  return { window: page, auroraview: page.auroraview, host, errors, run: (script) => window.eval(script) };
}

/** Opens a page and waits until it has loaded and is ready. */
export async function openPage(options: PageOptions = {}): Promise<Page> {
  const page = loadPage(options);
  await until(() => page.window.document.readyState === "complete");
  await tasks(3);
  return page;
}

/** Lets other tasks run. */
export async function tasks(count = 1): Promise<void> {
  for (let i = 0; i < count; i += 1) await new Promise((resolve) => setTimeout(resolve, 0));
}

export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`never: ${condition}`);
    await tasks();
  }
}

/** The error that a promise is rejected with. */
export const failure = (promise: Promise<unknown>): Promise<any> =>
  promise.then(
    (value) => Promise.reject(new Error(`not rejected, but ${JSON.stringify(value)}`)),
    (error: unknown) => error,
  );

/** The error that a function throws. */
export function thrown(fn: () => unknown): any {
  try {
    fn();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

/** A promise with its ends in hand. */
export function deferred<T>(): { promise: Promise<T>; resolve(value: T): void; reject(error: unknown): void } {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => ((resolve = yes), (reject = no)));
  return { promise, resolve, reject };
}
