import { addNamespaces, createNamespace } from "./api.ts";
import { createCalls } from "./calls.ts";
import { createConfig } from "./config.ts";
import { complain, guarded } from "./dom.ts";
import { createDomEvents } from "./dom-events.ts";
import { closedError, describe, fault } from "./errors.ts";
import { createHandlers } from "./events.ts";
import { createFunctions } from "./functions.ts";
import { createHealth } from "./health.ts";
import { createHold } from "./hold.ts";
import type { AuroraView, ConfigValues, Native } from "./index.ts";
import { bare, freeze, NewMap } from "./intrinsics.ts";
import { createOutbox } from "./outbox.ts";
import {
  type BackendError,
  decodeBatch,
  decodeMessage,
  encodeError,
  encodeFailure,
  type Hello,
  list,
  type Members,
  members,
  type Receiver,
  SCHEMA_VERSION,
  type Session,
} from "./protocol.ts";
import { createReady } from "./ready.ts";
import { createEventSender } from "./send-event.ts";
import { createSources } from "./sources.ts";
import { createState } from "./state.ts";
import { createArrivals } from "./transfer.ts";
import type { Transport } from "./transport.ts";

/** Says hello over the transport and returns what the page gets as `window.auroraview`. */
export function createBridge(transport: Transport, secret: string, nonce: string, trace = false): AuroraView {
  const key = `${secret} ${nonce}`;
  const arrived = new NewMap<number, Uint8Array>();
  const outbox = createOutbox(transport, key, nonce, { arrived, onBatch, onClosed });
  const config = createConfig();
  const health = createHealth(config, outbox, onEvent);
  const sources = createSources(outbox);
  const calls = createCalls(outbox, config, health.check, sources, trace);
  const sender = createEventSender(outbox);
  const handlers = createHandlers();
  const state = createState(sender, handlers);
  const functions = createFunctions(outbox);
  const domEvents = createDomEvents(sender.sendEvent);
  const ready = createReady(outbox);
  const arrivals = createArrivals(transport.transfer, key, arrived, {
    deliver: (message) => decodeMessage(message, receiver),
    incomplete,
    idle: caughtUp,
  });
  const hold = createHold(() => {
    holding = false;
    caughtUp();
  });
  // Not earlier: a script by the lane would pass the events that are held.
  hold(outbox.offerLane);
  // A frozen object cannot gain members, its prototype can: the namespaces of later sessions live there.
  const home = bare({});
  let holding = false;

  function onBatch(text: string): boolean {
    let batch: readonly unknown[];
    try {
      batch = decodeBatch(text);
    } catch (error) {
      complain("auroraview: an answer could not be read", error);
      // Their answers may have been in it. An error now is better than a promise that waits for ever.
      calls.failAll(() => fault("INTERNAL", "an answer could not be read"));
      return true;
    }
    if (batch.length > 0) health.onSign(); // an empty one is the UI process's own
    for (let i = 0; i < batch.length; i += 1) {
      guarded(() => arrivals.take(batch[i]));
    }
    return isUpToDate();
  }

  /** Whether everything that came is handled: nothing waits for its bytes, or for the page's scripts. */
  const isUpToDate = () => !holding && arrivals.isIdle();

  function caughtUp(): void {
    if (isUpToDate()) outbox.caughtUp();
  }

  /** Whoever waits for a message whose bytes did not come is told; an event is lost. */
  function incomplete({ method, id }: Members, why: string): void {
    const text = `its bytes are lost: ${why}`;
    if (typeof method !== "string") calls.onError(id as number, fault("INTERNAL", text));
    else if (id !== undefined) outbox.send("r", id as number, encodeError(id as number, encodeFailure("INTERNAL", text)));
    else complain(`auroraview: the event ${method} is lost: ${text}`);
  }

  const receiver: Receiver = {
    onHello,
    onSession,
    onCredit(events, stream, items) {
      sender.onCredit(events);
      sources.onCredit(stream, items);
    },
    onLane: outbox.switchWays,
    onCancel(id, stream) {
      functions.cancel(id);
      sources.close(stream);
    },
    onProgress: calls.onProgress,
    onState: state.onHost,
    onHealth: (error) => (error === undefined ? health.onBeat() : onBackendError(error)),
    onEvent,
    onResult: calls.onResult,
    onError: calls.onError,
    onRequest: (id, method, params) => functions.run(id, method, params, whenLoaded),
    onInvalid: (value) => complain("auroraview: an answer could not be read", value),
  };

  function onBackendError({ message, source }: BackendError): void {
    health.mark(message);
    onEvent("backend_error", { message, source, schema_version: SCHEMA_VERSION });
    clearAllPendingCalls();
  }

  const clearAllPendingCalls = () => calls.failAll(health.unavailable);

  function readConfig(): void {
    config.readPage();
    health.configure();
  }

  function onEvent(name: string, data: unknown): void {
    whenLoaded(() => {
      handlers.run(name, data);
      domEvents.dispatch(name, data);
    });
  }

  function whenLoaded(deliver: () => void): void {
    if (!hold(deliver)) holding = true;
  }

  function onHello(hello: Hello): void {
    if (ready.isReady()) return;
    readConfig();
    ready.onHello(hello.doc);
    onSession(members(hello.session) as never);
    hold(() => {
      readConfig(); // the page's scripts have run now; they may have set it
      domEvents.dispatchReady();
    });
  }

  function onSession(session: Session): void {
    domEvents.forwardOnly(list(session.events));
    addNamespaces(page, home, list(session.namespaces), calls.call);
  }

  function onClosed(reason: unknown): void {
    complain(`auroraview: the link is gone: ${describe(reason)}`);
    calls.failAll(closedError);
    sender.fail(closedError);
    ready.fail(closedError);
    domEvents.forwardOnly([]);
  }

  config.readPage();
  outbox.send("h", 0, "{}");

  const page = {
    __proto__: home,
    call: calls.call as AuroraView["call"],
    handle: functions.handle,
    api: createNamespace("api", calls.call),
    native: createNamespace("native", calls.call) as unknown as Native,
    on: handlers.on,
    once: handlers.once,
    off: handlers.off,
    send_event: sender.sendEvent,
    drained: sender.drained,
    whenReady: ready.whenReady,
    isReady: ready.isReady,
    setConfig(values: ConfigValues) {
      config.set(values);
      health.configure();
    },
    state: state.page,
    markBackendUnhealthy: (reason = "the page said so") => health.mark(reason),
    markBackendHealthy: () => health.mark(undefined),
    clearAllPendingCalls,
  };
  return freeze(page as AuroraView);
}
