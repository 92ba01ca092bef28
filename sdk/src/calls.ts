import { checkTimeout, type Config } from "./config.ts";
import { clearTimeout, now, setTimeout } from "./dom.ts";
import { type AuroraViewError, blame, callSite, fault } from "./errors.ts";
import type { CallOptions, Progress } from "./index.ts";
import { asyncIterator, bare, defineProperty, jsonStringify, known, mapDelete, mapForEach, mapGet, mapSet, mapSize, NewMap, NewPromise } from "./intrinsics.ts";
import { checkName, checkSize, encodeData, WITH_STREAMS } from "./json.ts";
import type { Outbox } from "./outbox.ts";
import { encodeRequest, type ErrorCode, MAX_PENDING_CALLS, type Members } from "./protocol.ts";
import type { Sources } from "./sources.ts";
import { createStream, type Stream } from "./streams.ts";

export interface Calls {
  call(method: string, params?: unknown, options?: CallOptions): Promise<unknown>;
  onResult(id: number, result: unknown): void;
  onError(id: number, error: AuroraViewError): void;
  /** What comes of a call before its answer. */
  onProgress(params: Members): void;
  /** Rejects every pending call. */
  failAll(error: () => AuroraViewError): void;
}

interface Pending {
  /** It is over. */
  resolve(result: unknown): void;
  /** It is over; `now`: also for a loop that has not taken all items yet. */
  reject(error: AuroraViewError, now?: boolean): void;
  onProgress(params: Members): void;
}

const ignore = () => {};

export function createCalls(outbox: Outbox, config: Config, check: () => void, sources: Sources, trace: boolean): Calls {
  const pending = new NewMap<number, Pending>();
  let lastId = 0;

  /** Says what happens to which call, when the host asks for it (`AURORAVIEW_LOG`); never what is in it. */
  function log(text: string): void {
    // "text" in quotes: the bundle shortens names of members, and this one is of the wire.
    if (trace) outbox.control("$/log", jsonStringify(bare({ time: now(), "text": text })));
  }

  function start(method: string, params: unknown, options: CallOptions): Promise<unknown> {
    const { signal } = options;
    outbox.check();
    check();
    checkName(method);
    const timeout = checkTimeout(options.timeout ?? config.get("callTimeoutMs"));
    if (signal?.aborted === true) throw fault("CANCELLED", `${method}: cancelled`);
    if (mapSize(pending) >= MAX_PENDING_CALLS) throw fault("BUSY", `${method}: ${MAX_PENDING_CALLS} calls are pending`);
    const data = encodeData(params, WITH_STREAMS); // runs code of the page (`toJSON`), which may call in turn: the id comes after it
    const id = lastId + 1;
    const body = checkSize(encodeRequest(id, method, data));
    lastId = id;
    const answer = wait(id, method, timeout, options, data === undefined ? ignore : sources.open(data.streams));
    outbox.send("q", id, body, data?.attachments, (error) => take(id)?.reject(error));
    log(`call id=${id} name=${method}`);
    return answer;
  }

  function wait(id: number, method: string, timeout: number, { signal, onProgress }: CallOptions, closeSources: () => void): Promise<unknown> {
    const site = callSite();
    const giveUp = (code: ErrorCode, message: string) => drop(id, fault(code, `${method}: ${message}`));
    const onAbort = () => giveUp("CANCELLED", "cancelled");
    signal?.addEventListener("abort", onAbort); // first: it throws if it is no signal
    const timer = timeout === 0 ? undefined : setTimeout(() => giveUp("TIMEOUT", `no answer within ${timeout} ms`), timeout);
    const stopTimer = () => clearTimeout(timer);
    const release = () => {
      stopTimer();
      signal?.removeEventListener("abort", onAbort);
      closeSources();
    };
    let stream: Stream | undefined;
    let opened = false;
    const streaming = () =>
      (stream ??= createStream(
        (items) => outbox.control("$/credit", `{"call":${id},"items":${items}}`),
        () => mapGet(pending, id) && onAbort(),
      ));
    const promise = new NewPromise<unknown>((resolve, reject) => {
      mapSet(pending, id, {
        resolve(result) {
          release();
          resolve(result); // changes nothing if it opened
          stream?.end(() => {
            if (opened) return result;
            throw fault("INVALID_DATA", `${method}: the answer is no stream`);
          });
        },
        reject(error, now) {
          release();
          reject(blame(error, site));
          stream?.end(() => {
            throw error;
          }, now);
        },
        onProgress(params) {
          if ("item" in params) streaming().push(params["item"]);
          else if ("open" in params) {
            stopTimer();
            opened = true;
            resolve(streaming().items);
          } else onProgress?.(params["report"] as Progress);
        },
      });
    });
    // `for await (const row of api.rows())`: whoever loops over the call needs no promise, nor hears of its rejection.
    const hear = async () => {
      try {
        await known(promise);
      } catch {
        // Whoever loops is told by the loop.
      }
    };
    const items = () => {
      void hear();
      return streaming().items;
    };
    defineProperty(promise, asyncIterator, bare({ value: items }));
    return promise;
  }

  /** Nobody waits for the call any more: one that has not started never starts. */
  function drop(id: number, error: AuroraViewError): void {
    outbox.control("$/cancelRequest", `{"id":${id}}`);
    take(id)?.reject(error, true);
  }

  /** The call is over: whatever happens to it now happens once. */
  function take(id: number): Pending | undefined {
    const call = mapGet(pending, id);
    if (mapDelete(pending, id)) log(`end id=${id}`); // else it was given up and the answer crossed the cancellation
    return call;
  }

  return {
    call(method, params, options = {}) {
      try {
        return start(method, params, options);
      } catch (error) {
        return new NewPromise((_, reject) => reject(error));
      }
    },
    onResult: (id, result) => take(id)?.resolve(result),
    onProgress: (params) => mapGet(pending, params["call"] as number)?.onProgress(params),
    onError: (id, error) => take(id)?.reject(error),
    failAll: (error) => mapForEach(pending, (_, id) => drop(id, error())),
  };
}
