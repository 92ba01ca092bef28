import { guarded, isLoaded, listen, setTimeout } from "./dom.ts";
import { NewSet, setAdd, setClear, setForEach } from "./intrinsics.ts";

/**
 * Keeps events back until the document's scripts, deferred ones and modules too, have run: what Python sends while the
 * page loads would otherwise reach nobody. Returns a function that runs its argument now, or in order later; true if now.
 */
export function createHold(onReleased: () => void): (deliver: () => void) => boolean {
  const held = new NewSet<() => void>();
  let open = isLoaded();

  function release(): void {
    // Whatever comes while this runs is added behind and still visited: order holds.
    setForEach(held, guarded);
    setClear(held);
    open = true;
    onReleased();
  }

  if (!open) {
    // In a task of its own: our listener is the first one, and the page's own DOMContentLoaded listeners subscribe.
    const later = () => void setTimeout(release, 0);
    listen("DOMContentLoaded", later);
    // For a bridge that starts after DOMContentLoaded.
    listen("load", later);
  }

  return (deliver) => {
    if (open) deliver();
    else setAdd(held, deliver);
    return open;
  };
}
