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

/**
 * Turns a getter of a prototype into a function. It throws for an object without the getter's internal slot, and gives no
 * answer of the getter's in an engine without it.
 */
export const uncurryGetter = <This extends object, Value>(prototype: This, name: string): ((self: This) => Value) =>
  uncurryThis((Object.getOwnPropertyDescriptor(prototype, name)?.get ?? Object) as Method) as (self: This) => Value;

export const { parse: jsonParse, stringify: jsonStringify } = JSON;
export const { isArray } = Array;
export const { isView } = ArrayBuffer;
export const { freeze, keys: keysOf } = Object;
export const { defineProperty, preventExtensions } = Reflect;

export const NewError = Error;
export const NewMap = Map;
export const NewPromise = Promise;
export const NewProxy = Proxy;
export const NewWeakSet = WeakSet;
export const toText = String;
export const asyncIterator: typeof Symbol.asyncIterator = Symbol.asyncIterator;

export const hasOwn = uncurryThis(Object.prototype.hasOwnProperty) as (self: object, key: PropertyKey) => boolean;
export const objectTag = uncurryThis(Object.prototype.toString) as (self: unknown) => string;
export const slice = uncurryThis(String.prototype.slice);
export const startsWith = uncurryThis(String.prototype.startsWith);
export const indexOf = /* @__PURE__ */ uncurryThis(String.prototype.indexOf);

/**
 * The same promise, for `await`: that asks `promise.constructor` whether it is a promise of the language. With an own answer
 * it uses nothing that a page can reach.
 */
export function known<T>(promise: Promise<T>): Promise<T> {
  defineProperty(promise, "constructor", bare({ value: NewPromise }));
  return promise;
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

/** So many random bytes as hex digits. `crypto.randomUUID` is for secure contexts only. To be called before the page runs. */
export function randomWord(bytes: number): string {
  let word = "";
  for (const byte of crypto.getRandomValues(new Uint8Array(bytes))) word += (256 + byte).toString(16).slice(1);
  return word;
}

// ---- bytes -----------------------------------------------------------------------------------------------------------

const NewBytes = Uint8Array;
const typed = Object.getPrototypeOf(Uint8Array.prototype);

/** A getter that typed arrays have, and DataViews, but each kind its own. */
function viewGetter<Value>(name: string): (view: object) => Value {
  const ofTyped = uncurryGetter<object, Value>(typed, name);
  const ofDataView = uncurryGetter<object, Value>(DataView.prototype, name);
  return (view) => attempt(ofTyped, view) ?? ofDataView(view);
}
const bufferOf = viewGetter<ArrayBuffer>("buffer");
const offsetOf = viewGetter<number>("byteOffset");
const blobSize = uncurryGetter<object, number>(Blob.prototype, "size");

const blobSlice = uncurryThis(Blob.prototype.slice);
const blobBytes = uncurryThis(Blob.prototype.arrayBuffer);

function attempt<T>(get: (of: object) => T, of: object): T | undefined {
  try {
    return get(of);
  } catch {
    return undefined; // it is something else, whatever it says it is
  }
}

/** Of a Blob or File; undefined for anything else. */
export const lengthOfBlob = (value: object): number | undefined => attempt(blobSize, value);

export const byteLength = viewGetter<number>("byteLength");

/** The same memory as bytes: of an ArrayBuffer or any view of one; of 0, none. */
export const asBytes = (value: object | 0): Uint8Array =>
  isView(value) ? new NewBytes(bufferOf(value), offsetOf(value), byteLength(value)) : new NewBytes(value as ArrayBuffer);

const isResizable = uncurryGetter<object, boolean>(ArrayBuffer.prototype, "resizable");
/** Whether its memory neither grows nor belongs to several threads: `fetch` takes no other. Older engines do not tell. */
export const isFixed = (view: Uint8Array): boolean => attempt(isResizable, bufferOf(view)) === false;

/** Bytes that nobody else can change. */
export const copyBytes = (bytes: Uint8Array): Uint8Array => new NewBytes(bytes);

/** The same memory, or what will be read of a Blob. Neither asks a constructor that a page can reach. */
export const partOf = (source: Uint8Array | Blob, from: number, to: number): Uint8Array | Promise<ArrayBuffer> =>
  isView(source) ? new NewBytes(bufferOf(source), offsetOf(source) + from, to - from) : blobBytes(blobSlice(source, from, to));

/** Advances an async generator. */
export const advance = uncurryThis((async function* () {})().next as Method) as (generator: AsyncIterator<unknown>) => unknown;

// Maps keep their element types, which `uncurryThis` would lose.
export const mapGet = uncurryThis(Map.prototype.get as Method) as <K, V>(self: Map<K, V>, key: K) => V | undefined;
export const mapSet = uncurryThis(Map.prototype.set as Method) as <K, V>(self: Map<K, V>, key: K, value: V) => void;
export const mapDelete = uncurryThis(Map.prototype.delete as Method) as <K>(self: Map<K, unknown>, key: K) => boolean;
export const mapForEach = uncurryThis(Map.prototype.forEach as Method) as <K, V>(
  self: Map<K, V>,
  fn: (value: V, key: K) => void,
) => void;
export const mapKeys = uncurryThis(Map.prototype.keys as Method) as <K>(self: Map<K, unknown>) => IterableIterator<K>;
export const mapSize = uncurryGetter<Map<unknown, unknown>, number>(Map.prototype, "size");
export const weakAdd = uncurryThis(WeakSet.prototype.add as Method) as (self: WeakSet<object>, value: object) => void;
export const weakHas = uncurryThis(WeakSet.prototype.has as Method) as (self: WeakSet<object>, value: object) => boolean;

/** What `write` makes of each entry, with commas between. */
export function joined<K, V>(map: Map<K, V>, write: (value: V, key: K) => string): string {
  let text = "";
  mapForEach(map, (value, key) => {
    text += (text && ",") + write(value, key);
  });
  return text;
}
