import type { Attachments, Encoded } from "./ext.ts";
import { asyncIterator, mapDelete, mapForEach, mapGet, mapSet, NewMap } from "./intrinsics.ts";
import { checkSize, encodeData } from "./json.ts";
import type { Outbox } from "./outbox.ts";
import { encodeNotification, encodeThrown, type JsonText } from "./protocol.ts";

/** Streams of the page that Python pulls: AsyncIterables among the arguments of a call. */
export interface Sources {
  /** Those of one call, by number; returns what closes the ones that have not ended. */
  open(streams: Map<number, AsyncIterable<unknown>>): () => void;
  onCredit(number: number, items: number): void;
  /** Python takes no more. */
  close(number: number): void;
}

interface Source {
  want(items: number): void;
  stop(): void;
}

// Only what is the page's own is awaited here: its iterators, and what they bring.
export function createSources(outbox: Outbox): Sources {
  const sources = new NewMap<number, Source>();
  const none: Attachments = new NewMap();

  function open(iterable: AsyncIterable<unknown>, number: number): void {
    let iterator: AsyncIterator<unknown> | undefined;
    let wanted = 0;
    let pulling = false;
    const start = () => (iterator ??= iterable[asyncIterator]());
    /** In the order of the stream, also when an item with bytes is still on its way. */
    const tell = (what: JsonText, item?: Encoded) => {
      const body = encodeNotification("$/progress", { text: `{"stream":${number},${what}}`, ext: item?.ext });
      outbox.send("c", 0, checkSize(body), item?.attachments ?? none);
    };

    async function want(items: number): Promise<void> {
      wanted += items;
      if (pulling) return;
      pulling = true;
      try {
        for (; wanted > 0; wanted -= 1) {
          const step = await start().next();
          if (mapGet(sources, number) === undefined) return;
          if (step.done === true) return void (mapDelete(sources, number), tell(`"end":true`));
          const item = encodeData(step.value);
          tell(`"item":${item?.text ?? null}`, item);
        }
        pulling = false;
      } catch (error) {
        if (mapGet(sources, number) === undefined) return;
        tell(`"error":${encodeThrown(error)}`);
        void stop();
      }
    }

    async function stop(): Promise<void> {
      mapDelete(sources, number);
      try {
        await start().return?.();
      } catch {
        // Nobody is left to hear of it.
      }
    }

    mapSet(sources, number, { want, stop });
  }

  const close = (number: number) => mapGet(sources, number)?.stop();
  return {
    open(streams) {
      mapForEach(streams, open);
      return () => mapForEach(streams, (_, number) => close(number));
    },
    onCredit: (number, items) => mapGet(sources, number)?.want(items),
    close,
  };
}
