import type { Namespace } from "./index.ts";
import { bare, defineProperty, mapGet, mapSet, NewMap, NewProxy, preventExtensions } from "./intrinsics.ts";

type Call = (method: string, params: unknown) => Promise<unknown>;

/**
 * `api` in `auroraview.api.scene.create(...)`. Every name is a method that can be called and a namespace that can be
 * walked further; which of them exist only the host knows.
 */
export function createNamespace(path: string, call: Call): Namespace {
  const children = new NewMap<string, Namespace>();
  const target = () => {};
  // Not frozen: a proxy must show its target's `name` as it is then, and `auroraview.api.name` is a method.
  preventExtensions(target);

  return new NewProxy(target, bare({
    get(_target: unknown, key: PropertyKey) {
      if (typeof key !== "string" || isLocal(key)) return undefined;
      let child = mapGet(children, key);
      if (child === undefined) mapSet(children, key, (child = createNamespace(`${path}.${key}`, call)));
      return child;
    },
    apply: (_target: unknown, _this: unknown, args: readonly unknown[]) => call(path, toParams(args)),
  })) as unknown as Namespace;
}

/** No argument: no params. One: itself, so an object gives keywords and an array positions. More: their array. */
const toParams = (args: readonly unknown[]): unknown => (args.length > 1 ? args : args[0]);

/** Names that the language looks for: with them a namespace would be awaited, stringified or printed by a call. */
const isLocal = (key: string): boolean => key in LOCAL;
const LOCAL = bare({ then: 0, toJSON: 0, toString: 0, valueOf: 0 });

/**
 * Makes the namespaces of a session members of `view`, by way of `home`, its prototype. What is there stays as it is, so
 * that `auroraview.scene` is always the same object. One that Python gave up stays too: its calls say METHOD_NOT_FOUND.
 */
export function addNamespaces(view: object, home: object, names: readonly unknown[], call: Call): void {
  for (let i = 0; i < names.length; i += 1) {
    const name = names[i];
    if (typeof name !== "string" || isLocal(name) || name in view) continue;
    defineProperty(home, name, bare({ value: createNamespace(name, call), enumerable: true }));
  }
}
