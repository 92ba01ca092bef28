import { guarded, isLoaded, listen, setTimeout } from "./dom.ts";
import { mapDelete, mapForEach, mapSet, NewMap } from "./intrinsics.ts";

/**
 * Keeps events back until the document's scripts, deferred ones and modules too, have run: what Python sends while the
 * page loads would otherwise reach nobody. Returns a function that runs its argument now, or in order later; true if now.
 */
export function createHold(onReleased: () => void): (deliver: () => void) => boolean {
  const held = new NewMap<object, () => void>();
  let open = isLoaded();

  function release(): void {
    // Whatever comes while this runs is added behind and still visited: order holds.
    mapForEach(held, (deliver, key) => {
      mapDelete(held, key);
      guarded(deliver);
    });
    open = true;
    onReleased();
  }

  if (!open) {
    // In a task of its own: our listener is the first one, and the page's own DOMContentLoaded listeners subscribe.
    const later = () => void setTimeout(release);
    listen("DOMContentLoaded", later);
    // For a bridge that starts after DOMContentLoaded.
    listen("load", later);
  }

  return (deliver) => {
    if (open) deliver();
    else mapSet(held, {}, deliver);
    return open;
  };
}
