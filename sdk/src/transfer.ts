// Bytes of messages: pieces up, whole attachments down (protocol/README.md section 8).
import { decodeText, guarded } from "./dom.ts";
import { describe, fault } from "./errors.ts";
import { type Attachments, attachmentsOf, restore } from "./ext.ts";
import { asBytes, byteLength, isView, known, mapDelete, mapGet, mapSet, mapSize, NewMap, partOf } from "./intrinsics.ts";
import { type Members, members } from "./protocol.ts";

/** Posts `body` to, or gets what is at, `/$/<path>`. `key` proves who asks. */
export type Transfer = (path: string, key: string, body?: Uint8Array) => Promise<ArrayBuffer>;

/** Sends a piece of the attachment `number`, and is done when the next may go: a transfer, or what needs no path and key. */
export type SendPiece = (path: string, key: string, piece: Uint8Array, number: number) => Promise<unknown>;

/** What happens to things in their order, each when it is ready. */
export function createQueue<T>(prepare: (item: T, done: () => void) => unknown, onEmpty?: () => void) {
  const items = new NewMap<number, T>(); // a Map, since growing an array runs setters that a page can define
  let first = 0;
  let next = 0;
  function advance(): void {
    const item = mapGet(items, first);
    if (item === undefined) return onEmpty?.();
    prepare(item, () => {
      mapDelete(items, first);
      first += 1;
      advance();
    });
  }
  return {
    isEmpty: () => mapSize(items) === 0,
    enqueue(item: T) {
      mapSet(items, next, item);
      next += 1;
      if (mapSize(items) === 1) advance();
    },
  };
}

/** Sends the attachments of a message in pieces, one after the other. The first one goes at once. */
export async function upload(send: SendPiece, key: string, pieceSize: number, attachments: Attachments): Promise<void> {
  try {
    for (let i = 0; i < mapSize(attachments); i += 1) {
      const { number, length, content } = mapGet(attachments, i)!;
      for (let from = 0; from < length; from += pieceSize) {
        const piece = partOf(content, from, from + pieceSize < length ? from + pieceSize : length);
        await known(send(`up/${number}/${from}`, key, asBytes(isView(piece) ? piece : await known(piece)), number));
      }
    }
  } catch (why) {
    throw fault("INTERNAL", `its bytes are lost: ${describe(why)}`);
  }
}

export interface ArrivalEvents {
  deliver(message: unknown): void;
  /** The bytes of a message cannot be fetched. */
  incomplete(message: Members, why: string): void;
  /** Nothing waits any more. */
  idle(): void;
}

/** Messages in their order, with the bytes that `arrived` before them; one with attachments waits for them, and what came behind it waits, too. */
export function createArrivals(transfer: Transfer, key: string, arrived: Map<number, Uint8Array>, events: ArrivalEvents) {
  const queue = createQueue<unknown>(async (message, done) => {
    const wanted = attachmentsOf(message);
    let deliver = () => events.deliver(message);
    if (wanted.length > 0) {
      try {
        const got = new NewMap<number, string | Uint8Array>();
        for (let i = 0; i < wanted.length; i += 1) {
          const pair = wanted[i]!;
          const length = pair[1]; // by index: to take an array apart runs its iterator, which a page can replace
          const bytes = asBytes(mapGet(arrived, pair[0]) ?? (length && (await known(transfer(`down/${pair[0]}`, key)))));
          mapDelete(arrived, pair[0]);
          if (byteLength(bytes) !== length) throw "some";
          mapSet(got, i, pair[2] ? decodeText(bytes) : bytes);
        }
        complete(message as Message, got);
      } catch (error) {
        deliver = () => events.incomplete(message as Message, describe(error));
      }
    }
    guarded(deliver);
    done();
  }, events.idle);

  return {
    isIdle: queue.isEmpty,
    take(message: unknown): void {
      if (queue.isEmpty() && members(message)["ext"] === undefined) events.deliver(message);
      else queue.enqueue(message);
    },
  };
}

/** One that `members` has read: without a prototype, its members may be set. */
type Message = { -readonly [Name in keyof Members]: Members[Name] };

function complete(message: Message, got: Map<number, unknown>): void {
  const mark = (message["ext"] as Members)["mark"]; // in quotes: of the wire, and the bundle has shorter names for its own
  const bytes = (index: number) => mapGet(got, index);
  message["params"] = restore(message["params"], mark, bytes);
  message["result"] = restore(message["result"], mark, bytes);
}
