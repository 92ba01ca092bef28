import { afterEach, expect, test } from "vitest";
import { createClient } from "../../src/client/index.ts";
import { mockError, mockHost } from "../../src/client/dev.ts";
import { failure, tasks } from "../page.ts";
import type { Api } from "./api.ts";

afterEach(() => void delete (globalThis as any).auroraview);

test("mocks stand for Python", async () => {
  const client = createClient<Api>();
  const host = mockHost<Api>({
    functions: {
      "api.add": (a, b = 10) => a + b,
      "api.scene.create": async (name) => ({ id: name.length }),
      ping: () => {
        throw mockError("LOCKED", "no", { by: "ann" });
      },
    },
    state: { zoom: 2 },
  });
  expect(await client.api.add(1)).toBe(11);
  expect(await client.api.scene.create("cube")).toEqual({ id: 4 });
  expect(await failure(client.ping())).toMatchObject({ code: "LOCKED", data: { by: "ann" } });
  expect((await failure(client.call("api.rename", {}))).code).toBe("METHOD_NOT_FOUND");
  expect(client.values.zoom).toBe(2);
  const seen: unknown[] = [];
  client.on("frame_changed", (data) => seen.push(data));
  host!.emit("frame_changed", { frame: 1 });
  await tasks(2);
  expect(seen).toEqual([{ frame: 1 }]);
});

test("in a window of AuroraView nothing is mocked", () => {
  (globalThis as any).auroraview = {};
  expect(mockHost({ functions: {} })).toBe(undefined);
});
