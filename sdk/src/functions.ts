import { abort, NewAbortController, signalOf } from "./dom.ts";
import type { PageFunction } from "./index.ts";
import { mapDelete, mapGet, mapSet, NewMap } from "./intrinsics.ts";
import { checkFunction, checkName, checkSize, encodeData } from "./json.ts";
import type { Outbox } from "./outbox.ts";
import { encodeError, encodeFailure, encodeResult, encodeThrown, type JsonText } from "./protocol.ts";

/** Functions of the page that Python calls: `auroraview.handle(name, fn)`. */
export interface Functions {
  handle(name: string, fn: PageFunction): () => void;
  /** `whenLoaded` runs its argument when the page's scripts have run. */
  run(id: number, name: string, params: unknown, whenLoaded: (run: () => void) => void): void;
  /** Python gave the call up. */
  cancel(id: number): void;
}

export function createFunctions(outbox: Outbox): Functions {
  const byName = new NewMap<string, PageFunction>();
  const running = new NewMap<number, AbortController>();

  /** Runs it; what comes back sends the answer. Only what is the page's own is awaited. */
  async function call(id: number, name: string, params: unknown, signal: AbortSignal): Promise<() => void> {
    const refuse = (error: JsonText) => outbox.send("r", id, encodeError(id, error));
    const fail = (error: unknown) => refuse(encodeThrown(error));
    const fn = mapGet(byName, name);
    if (fn === undefined) return () => refuse(encodeFailure("METHOD_NOT_FOUND", `the page has no function called ${name}`));
    try {
      const data = encodeData(await fn(params, { signal }));
      const body = checkSize(encodeResult(id, data));
      return () => outbox.send("r", id, body, data?.attachments, fail);
    } catch (error) {
      return () => fail(error);
    }
  }

  return {
    handle(name, fn) {
      checkName(name);
      checkFunction(fn);
      mapSet(byName, name, fn);
      return () => void (mapGet(byName, name) === fn && mapDelete(byName, name));
    },
    run(id, name, params, whenLoaded) {
      const controller = new NewAbortController();
      mapSet(running, id, controller);
      whenLoaded(async () => {
        if (mapGet(running, id) === undefined) return; // given up before it started
        const answer = await call(id, name, params, signalOf(controller));
        if (mapDelete(running, id)) answer();
      });
    },
    cancel(id) {
      const controller = mapGet(running, id);
      mapDelete(running, id);
      if (controller !== undefined) abort(controller);
    },
  };
}
