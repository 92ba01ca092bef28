// What both frameworks' tests stand on.
import { createClient } from "../../src/client/index.ts";
import { createFakeHost } from "../../src/testing.ts";
import type { AuroraView } from "../../src/index.ts";
import type { Api } from "./api.ts";

export function open() {
  const host = createFakeHost();
  const ended: string[] = [];
  host.bind("api.add", ([a, b]) => a + b);
  const bridge = host.open();
  const client = createClient<Api>({ ...bridge, call: callOrCount(bridge, ended) } as AuroraView);
  return { host, client, ended };
}

/** A bridge whose `api.count` is a stream. */
function callOrCount(bridge: AuroraView, ended: string[]): AuroraView["call"] {
  return ((method: string, params?: unknown, options?: object) => {
    if (method !== "api.count") return bridge.call(method, params, options);
    const [to] = params as [number];
    return (async function* () {
      try {
        for (let n = 1; n <= to; n += 1) {
          await new Promise((resolve) => setTimeout(resolve, 0));
          yield n;
        }
      } finally {
        ended.push(`count to ${to}`);
      }
    })();
  }) as AuroraView["call"];
}
