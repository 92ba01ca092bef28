// Types only, for pages that use what is injected and import nothing else: `window.auroraview`, or `auroraview` alone.
import type { AuroraView } from "../index.ts";

declare global {
  const auroraview: AuroraView;
}
