// How the page learns that Python is stuck, gone or back, and what its calls do then.
import { expect, test } from "vitest";
import { failure, loadPage, openPage, tasks, thrown, until, type Page } from "./page.ts";

/** What handlers and window listeners of the two events got, without the times. */
function watch({ run }: Page): () => unknown[] {
  run(`heard = [];
    for (const name of ["backend_health", "backend_error"]) {
      auroraview.on(name, (data) => heard.push([name, data]));
      addEventListener(name, (event) => heard.push(["dom " + name, event.detail]));
    }`);
  return () => JSON.parse(JSON.stringify(run("heard.splice(0)"))).map(([name, { ts, ...data }]: any) => (ts === undefined ? [name, data] : [name, data, typeof ts]));
}

test("nothing is asked of the host unless a page wants it", async () => {
  const { auroraview, host } = await openPage();
  auroraview.setConfig({ callTimeoutMs: 5 });
  expect(host.lines.map(({ kind }) => kind)).toEqual(["h"]);
});

test("heartbeatTimeoutMs asks for heartbeats, three in the time; 0 ends them", async () => {
  const { auroraview, host } = await openPage({ html: "<script>__AURORAVIEW_CONFIG__ = { heartbeatTimeoutMs: 6000 }</script>" });
  await tasks(2);
  expect(host.heartbeatMs).toBe(2000);
  auroraview.setConfig({ heartbeatTimeoutMs: 0 });
  await tasks(2);
  expect(host.heartbeatMs).toBe(0);
});

test.each([{ heartbeatTimeoutMs: -1 }, { heartbeatTimeoutMs: "1" }, { callTimeoutMs: NaN }, 7, null])("setConfig(%j) is refused", async (values) => {
  const { auroraview } = await openPage();
  expect(thrown(() => auroraview.setConfig(values as never)).code).toBe("INVALID_ARGUMENTS");
});

test("a heartbeat is an event, to handlers and on window", async () => {
  const page = await openPage();
  const heard = watch(page);
  page.host.beat();
  await tasks(2);
  const health = { status: "ok", schema_version: 1 };
  expect(heard()).toEqual([["backend_health", health, "number"], ["dom backend_health", health, "number"]]);
});

test("silence counts only after a first heartbeat; then calls fail at once; whatever arrives ends that", async () => {
  const page = await openPage({ autoHello: true });
  const { auroraview, host } = page;
  host.bind("api.add", ([a, b]) => a + b);
  auroraview.setConfig({ heartbeatTimeoutMs: 40 });
  await new Promise((resolve) => setTimeout(resolve, 100)); // what is tested is that nothing happens in this time
  expect(await auroraview.call("api.add", [1, 2])).toBe(3);
  const heard = watch(page);
  host.beat();
  await until(() => page.run("heard.some(([name, { status }]) => status === 'unhealthy')"));
  const error = await failure(auroraview.api.add!(1, 2));
  expect([error.code, error.data]).toEqual(["BACKEND_UNAVAILABLE", { reason: "nothing came from it within 40 ms" }]);
  expect(host.lines.filter(({ kind }) => kind === "q").length).toBe(1);
  host.emit("anything");
  await tasks(2);
  expect((heard() as any[]).map(([name, { status }]) => [name, status]).filter(([name]) => name === "backend_health")).toEqual([
    ["backend_health", "ok"],
    ["backend_health", "unhealthy"],
    ["backend_health", "ok"],
  ]);
  expect(await auroraview.call("api.add", [1, 2])).toBe(3);
});

test("backend_error marks the back end and rejects what waits; later calls fail until something comes", async () => {
  const page = await openPage();
  const { auroraview, host } = page;
  host.bind("api.slow", () => new Promise(() => {}));
  host.bind("api.add", ([a, b]) => a + b);
  const slow = failure(auroraview.api.slow!());
  await tasks(2);
  const heard = watch(page);
  host.fail({ message: "Invalid argument", source: "ipc" });
  expect([(await slow).code, (await slow).data]).toEqual(["BACKEND_UNAVAILABLE", { reason: "Invalid argument" }]);
  await tasks(2);
  expect(heard()).toEqual(
    ["", "dom "].flatMap((where) => [[`${where}backend_health`, { status: "unhealthy", reason: "Invalid argument", schema_version: 1 }, "number"]])
      .concat(["", "dom "].map((where) => [`${where}backend_error`, { message: "Invalid argument", source: "ipc", schema_version: 1 }] as never)),
  );
  expect(host.cancelled).toEqual([1]);
  expect((await failure(auroraview.api.add!(1, 2))).code).toBe("BACKEND_UNAVAILABLE");
  host.beat();
  await tasks(2);
  expect(await auroraview.api.add!(1, 2)).toBe(3);
});

test("without backendFailFast calls go on", async () => {
  const { auroraview, host } = await openPage({ html: "<script>__AURORAVIEW_CONFIG__ = { backendFailFast: false }</script>" });
  host.bind("api.add", ([a, b]) => a + b);
  auroraview.markBackendUnhealthy();
  expect(await auroraview.call("api.add", [1, 2])).toBe(3);
});

test("the page may mark, unmark and clear by itself", async () => {
  const page = await openPage();
  const { auroraview, host } = page;
  host.bind("api.slow", () => new Promise(() => {}));
  const heard = watch(page);
  const slow = failure(auroraview.api.slow!());
  auroraview.markBackendUnhealthy("the DCC is modal");
  auroraview.markBackendUnhealthy("the DCC is modal");
  expect((await failure(auroraview.api.slow!())).message).toContain("the DCC is modal");
  auroraview.markBackendHealthy();
  auroraview.markBackendHealthy();
  auroraview.clearAllPendingCalls();
  expect((await slow).code).toBe("BACKEND_UNAVAILABLE");
  expect((heard() as any[]).map(([name, { status, reason }]) => [name, status, reason])).toEqual([
    ["backend_health", "unhealthy", "the DCC is modal"],
    ["dom backend_health", "unhealthy", "the DCC is modal"],
    ["backend_health", "ok", undefined],
    ["dom backend_health", "ok", undefined],
  ]);
});

test("a page that was busy itself hears what waited before it judges", async () => {
  const page = loadPage();
  const { auroraview, host } = page;
  await until(() => auroraview.isReady() && page.window.document.readyState === "complete");
  await tasks(3);
  const heard = watch(page);
  auroraview.setConfig({ heartbeatTimeoutMs: 60 });
  host.beat();
  await until(() => page.run("heard.length > 0"));
  const until_ = performance.now() + 150;
  while (performance.now() < until_); // the page's thread
  await new Promise((resolve) => setTimeout(resolve, 0)); // its timer fires ...
  host.beat(); // ... and this was there meanwhile
  await tasks(2);
  expect((heard() as any[]).filter(([, { status }]) => status === "unhealthy")).toEqual([]);
});
