// The shape of an API (`auroraview types` writes one), and the types that a client makes of it.
import type { StateChange } from "../index.ts";

/** What `createClient<Api>()` takes. Each member is optional; sdk/README.md has an example. */
export interface ApiShape {
  /** By whole name: `"api.add": (a: number, b?: number) => Promise<number>`. */
  functions?: object;
  /** Python → page, by name. */
  events?: object;
  /** Page → Python, by name. */
  sends?: object;
  /** Names and values of the shared state. */
  state?: object;
  /** Codes of errors that handlers raise, and their data. */
  errors?: object;
}

/** What a generator of Python answers with: loop over it, or await it for something to loop over later. */
export interface Stream<Item, Result = unknown> extends Promise<AsyncIterableIterator<Item>> {
  [Symbol.asyncIterator](): AsyncIterator<Item, Result>;
}

declare const byName: unique symbol;
/** Arguments by name, made by `keywords(...)`. */
export type Keywords<Values> = Values & { readonly [byName]: true };

/** A member of the shape, or what stands for it where it is missing. */
type Member<A, Name extends keyof ApiShape, Missing> = A extends { [N in Name]: infer Given } ? Given : Missing;

export type FunctionsOf<A> = Member<A, "functions", Record<string, (...args: any[]) => Promise<any>>>;
export type EventsOf<A> = Member<A, "events", Record<string, any>>;
export type SendsOf<A> = Member<A, "sends", Record<string, any>>;
export type StateOf<A> = Member<A, "state", Record<string, any>>;
export type ErrorsOf<A> = Member<A, "errors", Record<string, any>>;

/** The names of an object type, as texts. */
export type NameOf<T> = keyof T & string;

type Heads<Name> = Name extends `${infer Head}.${string}` ? Head : Name;
type Below<F, Head extends string> = { [Name in keyof F as Name extends `${Head}.${infer Rest}` ? Rest : never]: F[Name] };

/** `{"api.scene.create": F}` as `{api: {scene: {create: F}}}`. */
export type Namespaces<F> = string extends keyof F
  ? { readonly [name: string]: AnyNamespace }
  : {
      readonly [Head in Heads<NameOf<F>>]: (Head extends keyof F ? F[Head] : unknown) &
        ([keyof Below<F, Head>] extends [never] ? unknown : Namespaces<Below<F, Head>>);
    };

/** Where nothing is known of the functions. */
export interface AnyNamespace {
  (...args: any[]): Promise<any> & AsyncIterable<any>;
  readonly [name: string]: AnyNamespace;
}

/** What happened to one name of a typed state. */
export interface ChangeOf<Value> extends StateChange {
  readonly value: Value | undefined;
}

/** The shared state, typed: see `SharedState`. */
export interface TypedState<S> {
  get<Name extends NameOf<S>>(name: Name): S[Name] | undefined;
  set<Name extends NameOf<S>>(name: Name, value: S[Name]): void;
  delete(name: NameOf<S>): void;
  /** Several names in one change; `undefined` deletes. */
  update(values: { readonly [Name in keyof S]?: S[Name] | undefined }): void;
  keys(): IterableIterator<NameOf<S>>;
  subscribe<Name extends NameOf<S>>(name: Name, handler: (change: ChangeOf<S[Name]>) => void): () => void;
  subscribe(handler: (change: ChangeOf<S[keyof S]>) => void): () => void;
}
