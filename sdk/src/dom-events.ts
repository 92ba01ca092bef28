import { customDetail, customEvent, dispatchOnWindow, eventType, guarded, isBrowserEvent, listen, unlisten } from "./dom.ts";
import { mapForEach, mapGet, mapSet, NewMap, NewWeakSet, startsWith, weakAdd, weakHas } from "./intrinsics.ts";
import { RESERVED } from "./protocol.ts";

/** Fired on window once the bridge is ready and the document's scripts have run. */
export const READY_EVENT = "auroraviewready";

export interface DomEvents {
  /** An event of Python, as a CustomEvent on window. */
  dispatch(name: string, data: unknown): void;
  dispatchReady(): void;
  /** Forwards CustomEvents of these names, and no others, from now on. */
  forwardOnly(names: readonly unknown[]): void;
}

/** Python's events on window, and the page's CustomEvents to Python. */
export function createDomEvents(send: (name: string, detail: unknown) => void): DomEvents {
  /** What we dispatched ourselves must not go back to where it came from. */
  const ours = new NewWeakSet<Event>();
  let forwarded = new NewMap<string, true>();

  // On window and without capture: a page that stops an event keeps it.
  function forward(event: Event): void {
    if (weakHas(ours, event)) return;
    const custom = customDetail(event);
    if (custom === undefined) return;
    // `new CustomEvent(name)` has the detail null, as has one whose author wrote null: both arrive as no data, so {}.
    guarded(() => send(eventType(event), custom.detail ?? undefined));
  }

  function dispatchOurs(event: Event): void {
    weakAdd(ours, event);
    dispatchOnWindow(event);
  }

  return {
    dispatch(name, data) {
      // A page's `load` listeners wait for the engine, not for an event of Python that has the same name.
      if (isBrowserEvent(name) || name === READY_EVENT) return;
      dispatchOurs(customEvent(name, data));
    },
    dispatchReady: () => dispatchOurs(customEvent(READY_EVENT)),
    forwardOnly(names) {
      const wanted = new NewMap<string, true>();
      for (let i = 0; i < names.length; i += 1) {
        const name = names[i];
        if (typeof name !== "string" || name === "" || startsWith(name, RESERVED)) continue;
        mapSet(wanted, name, true);
        listen(name, forward); // once, however often it is called
      }
      mapForEach(forwarded, (_, name) => mapGet(wanted, name) ?? unlisten(name, forward));
      forwarded = wanted;
    },
  };
}
