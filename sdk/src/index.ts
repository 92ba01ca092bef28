// What a page sees of AuroraView. Types only: the object itself is injected by the window, nothing is imported for it.

export type EventHandler = (data: any) => void;

/** How far a function of Python is: `ctx.progress(done, total, text)`. */
export interface Progress {
  readonly done: number;
  readonly total: number | null;
  readonly text: string | null;
}

/**
 * A call of Python: a promise of its result, and, where Python answers with a generator, something to loop over:
 * `for await (const row of api.rows(10))`.
 */
export interface Call<T = any> extends Promise<T> {
  [Symbol.asyncIterator](): AsyncIterableIterator<any>;
}

/** A function that the page offers to Python. `signal` is aborted when Python gives the call up. */
export type PageFunction = (params: any, context: { readonly signal: AbortSignal }) => unknown;

export interface CallOptions {
  /** Milliseconds until the call is given up; 0 for never. Default: `callTimeoutMs`. */
  readonly timeout?: number | undefined;
  /** Cancels the call. */
  readonly signal?: AbortSignal | undefined;
  /** Hears how far Python is; a page that is slow hears the newest only. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface ConfigValues {
  /** Default timeout of calls in milliseconds (30,000); 0 for none. */
  readonly callTimeoutMs?: number | undefined;
  /** Whether calls are refused at once (BACKEND_UNAVAILABLE) while Python is unhealthy (true). */
  readonly backendFailFast?: boolean | undefined;
  /** Milliseconds of silence after which Python counts as unhealthy, once a heartbeat was heard; 0: no heartbeat (0). */
  readonly heartbeatTimeoutMs?: number | undefined;
}

export interface Ready {
  /** Which document of the view this is, counted from 1. */
  readonly doc: number;
}

/** What happened to one name of the shared state. */
export interface StateChange {
  readonly name: string;
  /** `undefined`: it was deleted. Else a value of JSON, frozen. */
  readonly value: any;
  /** Who changed it. */
  readonly source: "page" | "python";
}

export type StateHandler = (change: StateChange) => void;

/** State that this page and Python share; it outlives the document. The last change that reaches Python wins, by name. */
export interface SharedState {
  /** The value, frozen and the same object until it changes; `undefined`: there is none. */
  get<T = any>(name: string): T | undefined;
  /** Sets a value of JSON. This page sees it at once. */
  set(name: string, value: unknown): void;
  delete(name: string): void;
  /** Several names in one change; `undefined` deletes. */
  update(values: object): void;
  keys(): IterableIterator<string>;
  /** Handles changes of one name, or of all; returns a function that ends it. */
  subscribe(name: string, handler: StateHandler): () => void;
  subscribe(handler: StateHandler): () => void;
}

/** Python's functions: `api.add(1, 2)`, `api.scene.create({ name: "cube" })`. */
export interface Namespace {
  // What Python returns is known to the page's author only.
  (...args: unknown[]): Call;
  readonly [name: string]: Namespace;
}

/** What `openFile` and `saveFile` ask for: names of kinds of files, each with its extensions (`{ Images: ["png"] }`). */
export type Filters = Readonly<Record<string, readonly string[]>>;

/**
 * What the page may do outside of itself: nothing, but for what the application named with `WebView(powers=...)`. The rest
 * rejects with `PERMISSION_DENIED`. Paths are absolute; `null`: the user gave up.
 */
export interface Native {
  openUrl(url: string): Promise<void>;
  openFile(options: { title?: string; folder?: string; filters?: Filters; multiple: true }): Promise<string[] | null>;
  openFile(options?: { title?: string; folder?: string; filters?: Filters; multiple?: false }): Promise<string | null>;
  saveFile(options?: { title?: string; folder?: string; name?: string; filters?: Filters }): Promise<string | null>;
  openFolder(options?: { title?: string; folder?: string }): Promise<string | null>;
  message(options: string | { text: string; title?: string }): Promise<void>;
  confirm(options: string | { text: string; title?: string }): Promise<boolean>;
  readFile(path: string, options: { encoding: "bytes" }): Promise<Uint8Array>;
  readFile(path: string, options?: { encoding?: "utf-8" | "latin-1" }): Promise<string>;
  writeFile(path: string, data: string | Uint8Array, options?: { encoding?: "utf-8" | "latin-1" }): Promise<void>;
  stat(path: string): Promise<{ type: "file" | "folder" | "link" | "other"; size: number; modified: number }>;
  list(path: string): Promise<{ name: string; type: "file" | "folder" }[]>;
  run(name: string, args?: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }>;
}

/** `window.auroraview`. Namespaces other than `api` can be declared by merging into this interface. */
export interface AuroraView {
  /** Calls a Python function. Rejects with an error that has a `code`. */
  call<T = any>(method: string, params?: unknown, options?: CallOptions): Call<T>;
  readonly api: Namespace;
  readonly native: Native;
  /** Lets Python call a function: `view.call(name, data)`. Returns a function that ends it. */
  handle(name: string, fn: PageFunction): () => void;
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
  readonly state: SharedState;
  /** Calls fail at once (if `backendFailFast`) until something comes from Python. Tells `backend_health` handlers. */
  markBackendUnhealthy(reason?: string): void;
  markBackendHealthy(): void;
  /** Rejects every call that waits, with BACKEND_UNAVAILABLE, and cancels it in Python. */
  clearAllPendingCalls(): void;
}

declare global {
  interface Window {
    readonly auroraview: AuroraView;
  }
}
