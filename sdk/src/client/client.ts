import type { AuroraView, CallOptions, ConfigValues, Ready } from "../index.ts";
import { absent } from "./absent.ts";
import { type AuroraViewError, isAuroraViewError } from "./errors.ts";
import type {
  ApiShape,
  ErrorsOf,
  EventsOf,
  FunctionsOf,
  Keywords,
  Namespaces,
  NameOf,
  SendsOf,
  StateOf,
  TypedState,
} from "./shape.ts";

/** Python as an object. Namespaces of Python stand beside these members: `client.api.add(1, 2)`. */
export type Client<A extends ApiShape = ApiShape> = Members<A> & Namespaces<FunctionsOf<A>>;

export interface Members<A extends ApiShape> {
  /** The same functions, called with these options: `client.with({ signal, timeout: 5000 }).api.render(1)`. */
  with(options: CallOptions & Listening): Namespaces<FunctionsOf<A>>;
  /** Calls by name; an object gives arguments by name, an array positions. */
  call<Name extends NameOf<FunctionsOf<A>>>(name: Name, params?: unknown, options?: CallOptions & Listening): AnswerOf<FunctionsOf<A>, Name>;
  /** Handles an event of Python; returns a function that ends it. */
  on<Name extends NameOf<EventsOf<A>>>(name: Name, handler: (data: EventsOf<A>[Name]) => void): () => void;
  once<Name extends NameOf<EventsOf<A>>>(name: Name, handler: (data: EventsOf<A>[Name]) => void): () => void;
  /** Sends an event to Python; throws if it cannot be sent. */
  send<Name extends NameOf<SendsOf<A>>>(name: Name, ...data: undefined extends SendsOf<A>[Name] ? [data?: SendsOf<A>[Name]] : [data: SendsOf<A>[Name]]): void;
  /** Resolves once Python has handled enough events for more to be welcome. */
  drained(): Promise<void>;
  /** The shared state. */
  readonly state: TypedState<StateOf<A>>;
  /** The shared state as an object: `client.values.zoom = 2`, `delete client.values.zoom`, `"zoom" in client.values`. */
  readonly values: Partial<StateOf<A>>;
  /** Whether this page is in a window of AuroraView (or of a fake host). */
  readonly isAvailable: boolean;
  /** Resolves once the bridge is ready; rejects with NO_HOST in an ordinary browser. */
  whenReady(): Promise<Ready>;
  setConfig(values: ConfigValues): void;
  /** Whether something that was thrown is an error with this code; its data has the type that the shape says. */
  isError<C extends NameOf<ErrorsOf<A>>>(thrown: unknown, code: C): thrown is AuroraViewError<C, ErrorsOf<A>[C]>;
}

/** What a call may be told besides `CallOptions`. */
export interface Listening {
  /** Hears how far Python is. */
  readonly onProgress?: ((progress: { done: number; total: number | null; text: string | null }) => void) | undefined;
}

type AnswerOf<F, Name extends keyof F> = F[Name] extends (...args: never[]) => infer Answer ? Answer : never;

type Bridge = Omit<AuroraView, "api" | "native">;

/** Arguments by name, for a function of Python that wants them so: `client.api.rename(keywords({ to: "x" }))`. */
export function keywords<Values extends object>(values: Values): Keywords<Values> {
  named.add(values);
  return values as Keywords<Values>;
}

const named = /* @__PURE__ */ new WeakSet<object>();

/**
 * A typed client of the page's bridge. The bridge is looked for at each use, so a client may be made before anything else;
 * where there is none, calls reject with NO_HOST and everything else does nothing.
 *
 * @param bridge Another bridge than `window.auroraview`: a fake host's, in a test.
 */
export function createClient<A extends ApiShape = ApiShape>(bridge?: AuroraView): Client<A> {
  const find = (): Bridge | undefined => bridge ?? (globalThis as { auroraview?: AuroraView }).auroraview;
  const get = (): Bridge => find() ?? absent();
  const members: Members<ApiShape> = {
    with: (options) => createNamespaces(get, options) as never,
    call: (name, params, options) => get().call(name, params, options),
    on: (name, handler) => get().on(name, handler),
    once: (name, handler) => get().once(name, handler),
    send: (name, data?: unknown) => get().send_event(name, data),
    drained: () => get().drained(),
    get state() {
      return get().state as never;
    },
    values: createValues(get) as never,
    get isAvailable() {
      return find() !== undefined;
    },
    whenReady: () => get().whenReady(),
    setConfig: (values) => get().setConfig(values),
    isError: (thrown, code): thrown is never => isAuroraViewError(thrown, code),
  };
  return createNamespaces(get, undefined, members) as Client<A>;
}

/** Anything that is not a member is a namespace. */
function createNamespaces(get: () => Bridge, options: CallOptions | undefined, members: object = {}): object {
  const children = new Map<string, unknown>();
  return new Proxy(members, {
    get(target, key, receiver) {
      if (key in target || typeof key === "symbol" || isLocal(key)) return Reflect.get(target, key, receiver);
      if (!children.has(key)) children.set(key, createFunction(get, key, options));
      return children.get(key);
    },
  });
}

function createFunction(get: () => Bridge, path: string, options: CallOptions | undefined): unknown {
  const children = new Map<string, unknown>();
  return new Proxy(() => {}, {
    get(target, key) {
      if (typeof key === "symbol" || isLocal(key)) return Reflect.get(target, key);
      if (!children.has(key)) children.set(key, createFunction(get, `${path}.${key}`, options));
      return children.get(key);
    },
    apply: (_target, _this, args: unknown[]) => get().call(path, toParams(args), options),
  });
}

/** Names that the language and its tools look for: with them a client would be awaited or printed by a call. */
const isLocal = (key: string): boolean => key === "then" || key === "toJSON" || key === "toString" || key === "valueOf";

/** Positions, always as an array; what was left out at the end is left out. */
function toParams(args: readonly unknown[]): unknown {
  const [first] = args;
  if (args.length === 1 && typeof first === "object" && first !== null && named.has(first)) return first;
  let length = args.length;
  while (length > 0 && args[length - 1] === undefined) length -= 1;
  return length === 0 ? undefined : args.slice(0, length);
}

/** The shared state as an object. */
function createValues(get: () => Bridge): object {
  const name = (key: string | symbol) => (typeof key === "string" ? key : "");
  return new Proxy({} as object, {
    get: (_, key) => get().state.get(name(key)),
    has: (_, key) => get().state.get(name(key)) !== undefined,
    set(_, key, value) {
      get().state.set(name(key), value);
      return true;
    },
    deleteProperty(_, key) {
      get().state.delete(name(key));
      return true;
    },
    ownKeys: () => [...get().state.keys()],
    getOwnPropertyDescriptor(_, key) {
      const value = get().state.get(name(key));
      return value === undefined ? undefined : { value, writable: true, enumerable: true, configurable: true };
    },
  });
}
