import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ERROR_NUMBERS } from "../src/error-numbers.ts";
import type { AuroraViewError } from "../src/errors.ts";
import { encodeData } from "../src/json.ts";
import {
  decodeBatch,
  decodeMessage,
  encodeError,
  encodeFailure,
  encodeLine,
  encodeNotification,
  encodeRequest,
  type LineKind,
  MAX_BODY,
  MAX_PARKED,
  MAX_PENDING_CALLS,
  MAX_UNCREDITED_EVENTS,
} from "../src/protocol.ts";

interface MessageCase {
  name: string;
  from: "page" | "host";
  kind: "request" | "response" | "notify" | "control";
  body: string;
  id?: number;
  method?: string;
  params?: string;
  result?: string;
  error?: string;
}
type LineCase = { name: string; kind: LineKind; id: number; att?: number[]; body: string; line: string };
type BatchCase = { name: string; messages: string[]; batch: string };

// `npm test` runs here: import.meta.url is no file address in this environment.
const read = <T>(name: string): T[] => JSON.parse(readFileSync(`../protocol/golden/${name}.json`, "utf8")).cases;
const value = (text: string | undefined) => (text === undefined ? undefined : JSON.parse(text));

describe("protocol/README.md", () => {
  const readme = readFileSync("../protocol/README.md", "utf8");

  test("has the same error codes and numbers", () => {
    const rows = [...readme.matchAll(/^\| `([A-Z_]+)` \| (-\d+) \|/gm)].map(([, code, number]) => [code, Number(number)]);
    expect(Object.fromEntries(rows)).toEqual(ERROR_NUMBERS);
  });

  test("has the same limits", () => {
    expect(readme).toContain(`| body of one message | ${MAX_BODY / 2 ** 20} MiB |`);
    expect(readme).toContain(`| calls pending of one document | ${MAX_PENDING_CALLS} |`);
    expect(readme).toContain(`| events from a document that Python has not handled | ${MAX_UNCREDITED_EVENTS.toLocaleString("en")} |`);
    expect(readme.replace(/\s+/g, " ")).toContain(`and no more than ${MAX_PARKED} but for a fifth`);
  });
});

describe("page_lines", () => {
  test.each(read<LineCase>("page_lines"))("$name", ({ kind, id, body, line, att = [] }) => {
    expect(encodeLine(kind, id, body, att.map((number) => `+${number}`).join(""))).toBe(line);
    expect(line.indexOf("\n")).toBe(line.length - 1);
  });
});

describe("page_batches", () => {
  test.each(read<BatchCase>("page_batches"))("$name", ({ messages, batch }) => {
    expect(decodeBatch(batch)).toEqual(messages.map((message) => JSON.parse(message)));
  });

  test.each(["", "{}", "null", "[", "[1,]"])("%j is no batch", (text) => {
    expect(() => decodeBatch(text)).toThrow();
  });
});

describe("page_messages from the page", () => {
  test.each(read<MessageCase>("page_messages").filter(({ from }) => from === "page"))("$name", (it) => {
    expect(written(it)).toBe(it.body);
  });
});

function written({ kind, id = 0, method, params, error }: MessageCase): string {
  if (kind === "response") {
    const { message, data } = value(error);
    return encodeError(id, encodeFailure(data.code, message));
  }
  const data = encodeData(value(params));
  return kind === "request" ? encodeRequest(id, value(method), data) : encodeNotification(value(method), data);
}

describe("page_messages from the host", () => {
  test.each(read<MessageCase>("page_messages").filter(({ from }) => from === "host"))("$name", (it) => {
    const params = "params" in it ? value(it.params) : {};
    const unexpected = (...read: unknown[]) => {
      throw new Error(`read as ${JSON.stringify(read)}`);
    };
    decodeMessage(JSON.parse(it.body), {
      onHello: (hello) => expect(hello).toEqual(params),
      onSession: (session) => expect(session).toEqual(params),
      onCredit: (...given) => expect(given).toEqual([params.events ?? 0, params.stream ?? 0, params.items ?? 0]),
      onCancel: (...given) => expect(given).toEqual([params.id ?? 0, params.stream ?? 0]),
      onLane: () => expect(params).toEqual({}),
      onProgress: (given) => expect(given).toEqual(params),
      onState: (given) => expect(given).toEqual(params),
      onHealth: (error) => expect(error).toEqual(params.status === "ok" ? undefined : params),
      onEvent: (...given) => expect(given).toEqual([value(it.method), params]),
      onResult: (...given) => expect(given).toEqual([it.id, value(it.result)]),
      onError(id, error) {
        expect(id).toBe(it.id);
        expectError(error, value(it.error));
      },
      onRequest: unexpected,
      onInvalid: unexpected,
    });
    expect.hasAssertions();
  });

  function expectError(error: AuroraViewError, wire: any): void {
    expect(error.message).toBe(wire.message);
    expect(error.name).toBe(wire.data?.name ?? "AuroraViewError");
    expect(error.code).toBe(wire.data?.code ?? "INTERNAL");
    for (const member of ["traceback", "data"] as const) {
      expect(member in error).toBe(member in (wire.data ?? {}));
      expect(error[member]).toEqual(wire.data?.[member]);
    }
  }
});
