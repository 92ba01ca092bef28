import type { Handlers } from "./events.ts";
import type { SharedState, StateHandler } from "./index.ts";
import {
  freeze,
  hasOwn,
  isArray,
  isObject,
  jsonParse,
  jsonStringify,
  mapDelete,
  mapForEach,
  mapGet,
  mapKeys,
  mapSet,
  NewMap,
  own,
} from "./intrinsics.ts";
import { checkName, encodeData, PLAIN } from "./json.ts";
import { count, type Members, STATE } from "./protocol.ts";
import type { EventSender } from "./send-event.ts";

export interface State {
  /** What the page gets as `auroraview.state`. */
  readonly page: SharedState;
  /** `$/state` of the host. */
  onHost(params: Members): void;
}

/** New values by name; `undefined`, which is no value of JSON, stands for none. */
type Changes = Map<string, unknown>;

/**
 * The page's copy of the shared state. Protocol section 10 has the rule; here it is one question: while the host has not
 * acknowledged our own change of a name, whatever it says of that name is older, and is left out.
 *
 * Values are frozen, all the way down: who changed one would change it for this page only, and nobody would know.
 */
export function createState(sender: EventSender, handlers: Handlers): State {
  const values = new NewMap<string, unknown>();
  /** Which of our changes was the last of a name, until it is acknowledged. */
  const unacknowledged = new NewMap<string, number>();
  let lastChange = 0;

  function apply(changes: Changes, source: "page" | "python"): void {
    mapForEach(changes, (value, name) => {
      if (value === undefined) mapDelete(values, name);
      else mapSet(values, name, deepFreeze(value));
    });
    mapForEach(changes, (value, name) => {
      const change = { name, value, source };
      handlers.run(STATE + name, change);
      handlers.run(STATE, change);
    });
  }

  function update(wanted: Readonly<Record<string, unknown>>): void {
    const changes: Changes = new NewMap();
    let set = "";
    let removed = "";
    for (const name in wanted) {
      if (!hasOwn(wanted, name)) continue;
      checkName(name);
      const key = jsonStringify(name);
      const data = encodeData(wanted[name], PLAIN);
      const text = data?.text;
      if (text === undefined) removed += (removed && ",") + key;
      else set += `${set && ","}${key}:${text}`;
      mapSet(changes, name, text && jsonParse(text)); // a copy, as Python will have it
    }
    sender.send(STATE, { text: `{"change":${lastChange + 1},"set":{${set}},"delete":[${removed}]}` });
    lastChange += 1;
    mapForEach(changes, (_, name) => mapSet(unacknowledged, name, lastChange));
    apply(changes, "page");
  }

  function onHost(params: Members): void {
    const changes: Changes = new NewMap();
    const take = (name: string, value?: unknown) => {
      if (mapGet(unacknowledged, name) === undefined) mapSet(changes, name, value);
    };
    const { ack, all, delete: removed } = params;
    mapForEach(unacknowledged, (change, name) => change > count(ack) || mapDelete(unacknowledged, name));
    if (all !== undefined) mapForEach(values, (_, name) => take(name));
    if (isArray(removed)) for (let i = 0; i < removed.length; i += 1) take(removed[i]);
    const set = all ?? params["set"];
    if (isObject(set)) for (const name in set) if (hasOwn(set, name)) take(name, own(set, name));
    apply(changes, "python");
  }

  const page: SharedState = {
    get: (name: string) => mapGet(values, name) as any,
    set: (name: string, value: unknown) => update({ [name]: value }),
    delete: (name: string) => update({ [name]: undefined }),
    update,
    keys: () => mapKeys(values),
    subscribe: (name: string | StateHandler, handler?: StateHandler) =>
      typeof name === "function" ? handlers.subscribe(STATE, name) : handlers.subscribe(STATE + name, handler),
  };
  return { page: freeze(page), onHost };
}

function deepFreeze(value: unknown): unknown {
  if (typeof value === "object" && value !== null) for (const key in value) deepFreeze(own(value, key));
  return freeze(value);
}
