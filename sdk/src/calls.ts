import { checkTimeout, type Config } from "./config.ts";
import { clearTimeout, now, setTimeout } from "./dom.ts";
import { AuroraViewError, blame, callSite, fault } from "./errors.ts";
import type { CallOptions } from "./index.ts";
import { mapDelete, mapForEach, mapGet, mapSet, mapSize, NewMap, NewPromise } from "./intrinsics.ts";
import { checkName, checkSize, encodeData } from "./json.ts";
import type { Outbox } from "./outbox.ts";
import { encodeNotification, encodeRequest, type ErrorCode, MAX_PENDING_CALLS, type WireError } from "./protocol.ts";

export interface Calls {
  call(method: string, params?: unknown, options?: CallOptions): Promise<unknown>;
  onResult(id: number, result: unknown): void;
  onError(id: number, error: WireError): void;
  /** Rejects every pending call. */
  failAll(error: () => AuroraViewError): void;
}

interface Pending {
  resolve(result: unknown): void;
  reject(error: AuroraViewError): void;
  /** Stops the timer and leaves the signal. */
  release(): void;
}

export function createCalls(outbox: Outbox, config: Config, trace: boolean): Calls {
  const pending = new NewMap<number, Pending>();
  let lastId = 0;

  /** Says what happens to which call, when the host asks for it (`AURORAVIEW_LOG`); never what is in it. */
  function log(text: string): void {
    if (trace) outbox.send("c", 0, encodeNotification("$/log", encodeData({ time: now(), text })));
  }

  function start(method: string, params: unknown, options: CallOptions): Promise<unknown> {
    const { signal } = options;
    outbox.check();
    checkName(method, "method");
    const timeout = checkTimeout(options.timeout ?? config.callTimeoutMs());
    if (signal?.aborted === true) throw fault("CANCELLED", `${method}: cancelled before it was sent`);
    if (mapSize(pending) >= MAX_PENDING_CALLS) throw fault("BUSY", `${method}: ${MAX_PENDING_CALLS} calls are pending`);
    const data = encodeData(params); // runs code of the page (`toJSON`), which may call in turn: the id comes after it
    const id = lastId + 1;
    const body = checkSize(encodeRequest(id, method, data));
    lastId = id;
    const answer = wait(id, method, timeout, signal);
    outbox.send("q", id, body);
    log(`call id=${id} name=${method}`);
    return answer;
  }

  function wait(id: number, method: string, timeout: number, signal: AbortSignal | undefined): Promise<unknown> {
    const site = callSite();
    const giveUp = (code: ErrorCode, message: string) => {
      outbox.send("c", 0, encodeNotification("$/cancelRequest", `{"id":${id}}`));
      take(id)?.reject(fault(code, message));
    };
    const onAbort = () => giveUp("CANCELLED", `${method}: cancelled`);
    signal?.addEventListener("abort", onAbort); // first: it throws if it is no signal
    const timer =
      timeout === 0
        ? undefined
        : setTimeout(() => giveUp("TIMEOUT", `${method}: no answer within ${timeout} ms`), timeout);
    return new NewPromise((resolve, reject) => {
      mapSet(pending, id, {
        resolve,
        reject: (error) => reject(blame(error, site)),
        release() {
          if (timer !== undefined) clearTimeout(timer);
          signal?.removeEventListener("abort", onAbort);
        },
      });
    });
  }

  /** The call is over: whatever happens to it now happens once. */
  function take(id: number): Pending | undefined {
    const call = mapGet(pending, id);
    if (call === undefined) return undefined; // it was given up and the answer crossed the cancellation
    mapDelete(pending, id);
    log(`end id=${id}`);
    call.release();
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
    onError: (id, error) => take(id)?.reject(new AuroraViewError(error)),
    failAll: (error) => mapForEach(pending, (_, id) => take(id)?.reject(error())),
  };
}
