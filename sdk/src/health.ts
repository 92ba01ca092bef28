import type { Config } from "./config.ts";
import { clearTimeout, now, setTimeout } from "./dom.ts";
import { type AuroraViewError, fault } from "./errors.ts";
import type { Outbox } from "./outbox.ts";
import { HEALTH, SCHEMA_VERSION } from "./protocol.ts";

export interface Health {
  /** Throws BACKEND_UNAVAILABLE while calls fail fast. */
  check(): void;
  /** Something came from the host. */
  onSign(): void;
  /** `$/health` of the host: a heartbeat. */
  onBeat(): void;
  /** The configuration may have changed. */
  configure(): void;
  /** Takes the host for unhealthy for this reason, or (none) for healthy. */
  mark(reason: string | undefined): void;
  /** The error of whoever cannot be served. */
  unavailable(): AuroraViewError;
}

/** Heartbeats in one timeout: one may be late. */
const BEATS = 3;

/**
 * How the host is, as far as this page can tell (protocol section 11). `tell` runs the handlers of an event.
 *
 * The time-out is made of two halves: a page that was busy itself for so long finds both its timer and the host's messages
 * waiting, and must hear the messages before it judges.
 */
export function createHealth(config: Config, outbox: Outbox, tell: (name: string, data: unknown) => void): Health {
  let reason: string | undefined;
  let timeout = 0;
  let armed = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const report = () =>
    tell("backend_health", {
      status: reason === undefined ? "ok" : "unhealthy",
      reason,
      ts: now(),
      schema_version: SCHEMA_VERSION,
    });

  function mark(why: string | undefined): void {
    if (why === reason) return;
    reason = why;
    report();
  }

  function watch(then = () => watch(() => mark(`nothing came from it within ${timeout} ms`))): void {
    clearTimeout(timer);
    timer = armed && timeout > 0 ? setTimeout(then, timeout / 2) : undefined;
  }

  const unavailable = () => fault("BACKEND_UNAVAILABLE", `Python cannot be reached: ${reason}`, { data: { reason } });

  return {
    check() {
      if (reason !== undefined && config.get("backendFailFast")) throw unavailable();
    },
    onSign() {
      mark(undefined);
      watch();
    },
    onBeat() {
      armed = true;
      watch();
      report();
    },
    configure() {
      const wanted = config.get("heartbeatTimeoutMs");
      if (wanted === timeout) return;
      timeout = wanted;
      outbox.control(HEALTH, `{"heartbeatMs":${wanted / BEATS}}`);
      watch();
    },
    mark,
    unavailable,
  };
}
