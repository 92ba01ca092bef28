import { addNamespaces, createNamespace } from "./api.ts";
import { createCalls } from "./calls.ts";
import { createConfig } from "./config.ts";
import { complain, guarded, warn } from "./dom.ts";
import { createDomEvents } from "./dom-events.ts";
import { closedError, describe, fault } from "./errors.ts";
import { createHandlers } from "./events.ts";
import { createHold } from "./hold.ts";
import type { AuroraView } from "./index.ts";
import { bare, create, defineProperty, freeze, startsWith } from "./intrinsics.ts";
import { createOutbox } from "./outbox.ts";
import { decodeBatch, decodeMessage, encodeError, type Hello, type Message, SCHEMA_VERSION, type Session } from "./protocol.ts";
import { createReady } from "./ready.ts";
import { createEventSender } from "./send-event.ts";
import type { Transport } from "./transport.ts";

/** Says hello over the transport and returns what the page gets as `window.auroraview`. */
export function createBridge(transport: Transport, secret: string, nonce: string, trace = false): AuroraView {
  const outbox = createOutbox(transport, secret, nonce, { onBatch, onClosed });
  const config = createConfig();
  const calls = createCalls(outbox, config, trace);
  const sender = createEventSender(outbox);
  const handlers = createHandlers();
  const domEvents = createDomEvents(sender.sendEvent);
  const ready = createReady(outbox);
  const hold = createHold(outbox.caughtUp);
  // A frozen object cannot gain members, its prototype can: the namespaces of later sessions live there.
  const home: object = create(null);
  const view: object = create(home);
  let debug = false;
  let holding = false;

  function onBatch(text: string): boolean {
    let batch: readonly unknown[];
    try {
      batch = decodeBatch(text);
    } catch (error) {
      complain("auroraview: a batch could not be read", error);
      // Their answers may have been in it. An error now is better than a promise that waits for ever.
      calls.failAll(() => fault("INTERNAL", "an answer could not be read"));
      return true;
    }
    holding = false;
    for (let i = 0; i < batch.length; i += 1) guarded(() => receive(decodeMessage(batch[i])));
    return !holding;
  }

  function receive(message: Message): void {
    switch (message.kind) {
      case "hello":
        return onHello(message.hello);
      case "session":
        return onSession(message.session);
      case "credit":
        return sender.onCredit(message.events);
      case "event":
        return onEvent(message.name, message.data);
      case "result":
        return calls.onResult(message.id, message.result);
      case "error":
        return calls.onError(message.id, message.error);
      case "request":
        return outbox.send("r", message.id, encodeError(message.id, "METHOD_NOT_FOUND", `a page has no ${message.method}`));
      case "unknown":
        // Of a later version; nobody waits for an answer.
        return debug ? warn(`auroraview: no such notification: ${message.method}`) : undefined;
      case "invalid":
        return complain("auroraview: not a message", message.value);
    }
  }

  function onEvent(name: string, data: unknown): void {
    const deliver = () => {
      handlers.run(name, data);
      domEvents.dispatch(name, data);
    };
    if (!hold(deliver)) holding = true;
  }

  function onHello(hello: Hello): void {
    if (ready.isReady()) return;
    if (hello.schema_version !== SCHEMA_VERSION) warn("auroraview: the host speaks another version of the protocol");
    debug = hello.debug;
    config.readPage();
    ready.onHello(hello.doc);
    onSession(hello.session);
    hold(() => {
      config.readPage(); // the page's scripts have run now; they may have set it
      domEvents.dispatchReady();
    });
  }

  function onSession(session: Session): void {
    domEvents.forwardOnly(session.events);
    addNamespaces(view, home, session.namespaces, calls.call);
  }

  function onClosed(reason: unknown): void {
    const text = describe(reason);
    complain(startsWith(text, "auroraview:") ? text : `auroraview: the link to the host is gone: ${text}`);
    calls.failAll(closedError);
    sender.fail(closedError);
    ready.fail(closedError);
    domEvents.forwardOnly([]);
  }

  config.readPage();
  outbox.send("h", 0, "{}");

  const members: AuroraView = {
    call: calls.call as AuroraView["call"],
    api: createNamespace("api", calls.call),
    on: handlers.on,
    once: handlers.once,
    off: handlers.off,
    send_event: sender.sendEvent,
    drained: sender.drained,
    whenReady: ready.whenReady,
    isReady: ready.isReady,
    setConfig: config.set,
  };
  for (const name in members) {
    defineProperty(view, name, bare({ value: members[name as keyof AuroraView], enumerable: true }));
  }
  return freeze(view) as AuroraView;
}
