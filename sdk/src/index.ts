// What a page sees of AuroraView. Types only: the object itself is injected by the window, nothing is imported for it.

export type EventHandler = (data: any) => void;

export interface CallOptions {
  /** Milliseconds until the call is given up; 0 for never. Default: `callTimeoutMs`. */
  readonly timeout?: number | undefined;
  /** Cancels the call. */
  readonly signal?: AbortSignal | undefined;
}

export interface ConfigValues {
  /** Default timeout of calls in milliseconds (30,000); 0 for none. */
  readonly callTimeoutMs?: number | undefined;
}

export interface Ready {
  /** Which document of the view this is, counted from 1. */
  readonly doc: number;
}

/** Python's functions: `api.add(1, 2)`, `api.scene.create({ name: "cube" })`. */
export interface Namespace {
  // What Python returns is known to the page's author only.
  (...args: unknown[]): Promise<any>;
  readonly [name: string]: Namespace;
}

/** `window.auroraview`. Namespaces other than `api` can be declared by merging into this interface. */
export interface AuroraView {
  /** Calls a Python function. Rejects with an error that has a `code`. */
  call<T = any>(method: string, params?: unknown, options?: CallOptions): Promise<T>;
  readonly api: Namespace;
  /** Handles an event of Python; returns a function that ends it. */
  on(name: string, handler: EventHandler): () => void;
  once(name: string, handler: EventHandler): () => void;
  /** Ends what `on` and `once` began for this handler, or for all handlers of the name. */
  off(name: string, handler?: EventHandler): void;
  /** Sends an event to Python; throws if it cannot be sent. */
  send_event(name: string, detail?: unknown): void;
  /** Resolves once Python has handled enough events for more to be welcome. */
  drained(): Promise<void>;
  whenReady(): Promise<Ready>;
  isReady(): boolean;
  setConfig(values: ConfigValues): void;
}

declare global {
  interface Window {
    readonly auroraview: AuroraView;
  }
}
