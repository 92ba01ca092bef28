// What JSON cannot hold: markers in the text of a message, and what stands behind them (protocol/README.md section 4, `ext`).
import { fault } from "./errors.ts";
import {
  asBytes, bare, byteLength, copyBytes, hasOwn, isFixed, isView, joined, keysOf, lengthOfBlob, mapForEach, mapSet,
  mapSize, NewMap, own, randomWord,
} from "./intrinsics.ts";
import { type JsonText, list, MAX_ATTACHED, MAX_ATTACHMENTS, members } from "./protocol.ts";

/** Bytes on their way to Python: the page's own memory, which it may change (see `keep`), or a Blob, which nobody can. */
export interface Attachment {
  readonly number: number;
  readonly length: number;
  /** `,1` if it is a text. */
  readonly kind: string;
  content: Uint8Array | Blob;
}

export type Attachments = Map<number, Attachment>;

/** Data that is to travel. */
export interface Encoded {
  readonly text: JsonText;
  /** The member of the message, with its comma; empty if there is nothing but JSON in it. */
  readonly ext: string;
  readonly attachments: Attachments;
  /** Bytes of all of them. */
  readonly size: number;
  /** By number. */
  readonly streams: Map<number, AsyncIterable<unknown>>;
}

/**
 * What the names of our markers end with. It is random, so that no data of the user looks like a marker: nothing has to be
 * escaped, and nobody pays for it.
 */
const MARK = randomWord(8);
const BYTES = "$bytes";

/** Never twice in one document. */
let lastNumber = 0;

/** Takes out of data what JSON cannot hold. Its first two functions return what stands for a value in the text. */
export function extract() {
  const attachments: Attachments = new NewMap();
  const streams = new NewMap<number, AsyncIterable<unknown>>();
  let size = 0;

  return {
    /** Bytes, which stay where they are; of `kind`. */
    takeBytes(value: object, kind = ""): object {
      let content = value as Blob | Uint8Array;
      let length = lengthOfBlob(value);
      if (length === undefined) length = byteLength((content = asBytes(value)));
      const index = mapSize(attachments);
      size += length;
      if (size > MAX_ATTACHED || index >= MAX_ATTACHMENTS) {
        throw fault("TOO_LARGE", `the message is larger than ${MAX_ATTACHED >> 20} MiB, or ${MAX_ATTACHMENTS} pieces`);
      }
      mapSet(attachments, index, { number: (lastNumber += 1), length, kind, content });
      return bare({ [BYTES + MARK]: index });
    },
    /** A stream, which Python pulls. */
    takeStream(value: AsyncIterable<unknown>): object {
      const index = mapSize(streams);
      mapSet(streams, (lastNumber += 1), value);
      return bare({ [`$stream${MARK}`]: index });
    },
    done(text: JsonText): Encoded {
      const bytes = joined(attachments, ({ number, length, kind }) => `[${number},${length}${kind}]`);
      const numbers = joined(streams, (_, number) => `${number}`);
      const ext = bytes || numbers ? `,"ext":{"mark":"${MARK}","bytes":[${bytes}],"streams":[${numbers}]}` : "";
      return { text, ext, attachments, size, streams };
    },
  };
}

/**
 * Makes the bytes of a message its own, before the page can change them. Not if there are `posted` at most: the engine copies so
 * many within this call.
 */
export function keep(attachments: Attachments, posted: number): void {
  mapForEach(attachments, (each) => {
    const { content, length } = each;
    if (isView(content) && (mapSize(attachments) > 1 || length > posted || !isFixed(content))) each.content = copyBytes(content);
  });
}

/** The data of a message that has `ext`, with bytes in the place of their markers. Changes what it gets. */
export function restore(value: unknown, mark: unknown, bytes: (index: number) => unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const marker = `${BYTES}${mark}`;
  if (hasOwn(value, marker)) return bytes(own(value, marker) as number);
  const names = keysOf(value);
  for (let i = 0; i < names.length; i += 1) {
    const key = names[i]!;
    const old = own(value, key);
    const meant = restore(old, mark, bytes);
    if (meant !== old) (value as Record<string, unknown>)[key] = meant; // its own member: no setter of anybody runs
  }
  return value;
}

/** Number and length of an attachment, and 1 if it is a text. */
type Named = readonly [number, number, 1?];

/** What a message names. */
export const attachmentsOf = (message: unknown): readonly Named[] =>
  list(members(members(message)["ext"])["bytes"]) as Named[];
