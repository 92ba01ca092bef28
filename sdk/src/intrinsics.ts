// What the bridge uses of the language, taken before any script of the page has run. A page (or a library in it) may
// replace JSON.parse or Array.prototype.push later; the bridge must go on working and must not hand it anything.
//
// Three habits follow from that everywhere in this folder:
// - methods are called through these functions, never through a prototype: `mapGet(map, key)`;
// - arrays are not grown: `push` and `array[i] = x` both run setters that a page can put on Array.prototype. Maps, Sets
//   and strings hold state instead;
// - descriptors and option bags have no prototype, or a polluted Object.prototype would add members to them.

type Method = (this: never, ...args: never[]) => unknown;
type Uncurried<F extends Method> = F extends (this: infer This, ...args: infer Args) => infer Result
  ? (self: This, ...args: Args) => Result
  : never;

const { bind, call } = Function.prototype;

/** Turns a method into a function whose first argument is `this`. */
export const uncurryThis = bind.bind(call as never) as <F extends Method>(method: F) => Uncurried<F>;

/** Turns a getter of a prototype into a function. It throws for an object without the getter's internal slot. */
export function uncurryGetter<This extends object, Value>(prototype: This, name: string): (self: This) => Value {
  const getter = Object.getOwnPropertyDescriptor(prototype, name)?.get;
  if (getter === undefined) throw new TypeError(`no getter ${name}`);
  return uncurryThis(getter) as (self: This) => Value;
}

export const { parse: jsonParse, stringify: jsonStringify } = JSON;
export const { isArray } = Array;
export const { isView } = ArrayBuffer;
export const { isSafeInteger } = Number;
export const { create, freeze } = Object;
export const { apply, defineProperty, deleteProperty } = Reflect;

export const NewError = Error;
export const NewMap = Map;
export const NewPromise = Promise;
export const NewProxy = Proxy;
export const NewSet = Set;
export const NewWeakSet = WeakSet;
export const toText = String;

export const hasOwn = uncurryThis(Object.prototype.hasOwnProperty) as (self: object, key: PropertyKey) => boolean;
export const objectTag = uncurryThis(Object.prototype.toString) as (self: unknown) => string;
export const slice = uncurryThis(String.prototype.slice);
export const startsWith = uncurryThis(String.prototype.startsWith);
export const indexOf = uncurryThis(String.prototype.indexOf);

const then = uncurryThis(Promise.prototype.then as Method) as (
  self: Promise<unknown>,
  done: (value: never) => void,
  failed: (reason: unknown) => void,
) => void;

/**
 * `promise.then(done, failed)` for a promise that the page never sees. `then` asks `promise.constructor` what to make;
 * an own `constructor` of undefined keeps that question away from Promise.prototype, where the page could answer it.
 */
export function settle<T>(promise: Promise<T>, done: (value: T) => void, failed: (reason: unknown) => void): void {
  defineProperty(promise, "constructor", bare({ value: undefined }));
  then(promise, done, failed);
}

/** The same object without a prototype. Only for literals: it changes its argument. */
export const bare: <T extends object>(literal: T) => T = (() => {
  const { setPrototypeOf } = Object;
  return (literal) => setPrototypeOf(literal, null) as typeof literal;
})();

/** Own member of parsed data; never one that the page put on Object.prototype. */
export function own(value: object, key: string): unknown {
  return hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

/** True for what JSON calls an object. */
export const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !isArray(value);

// Maps and Sets keep their element types, which `uncurryThis` would lose.
export const mapGet = uncurryThis(Map.prototype.get as Method) as <K, V>(self: Map<K, V>, key: K) => V | undefined;
export const mapSet = uncurryThis(Map.prototype.set as Method) as <K, V>(self: Map<K, V>, key: K, value: V) => void;
export const mapDelete = uncurryThis(Map.prototype.delete as Method) as <K>(self: Map<K, unknown>, key: K) => boolean;
export const mapForEach = uncurryThis(Map.prototype.forEach as Method) as <K, V>(
  self: Map<K, V>,
  fn: (value: V, key: K) => void,
) => void;
export const mapSize = uncurryGetter<Map<unknown, unknown>, number>(Map.prototype, "size");
export const setAdd = uncurryThis(Set.prototype.add as Method) as <T>(self: Set<T>, value: T) => void;
export const setHas = uncurryThis(Set.prototype.has as Method) as <T>(self: Set<T>, value: T) => boolean;
export const setDelete = uncurryThis(Set.prototype.delete as Method) as <T>(self: Set<T>, value: T) => boolean;
export const setClear = uncurryThis(Set.prototype.clear as Method) as (self: Set<unknown>) => void;
export const setForEach = uncurryThis(Set.prototype.forEach as Method) as <T>(
  self: Set<T>,
  fn: (value: T) => void,
) => void;
export const setSize = uncurryGetter<Set<unknown>, number>(Set.prototype, "size");
export const weakAdd = uncurryThis(WeakSet.prototype.add as Method) as (self: WeakSet<object>, value: object) => void;
export const weakHas = uncurryThis(WeakSet.prototype.has as Method) as (self: WeakSet<object>, value: object) => boolean;
