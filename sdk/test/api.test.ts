import { expect, test } from "vitest";
import { openPage, tasks } from "./page.ts";

test.each<[string, string, unknown]>([
  ["auroraview.api.f()", "api.f", "absent"],
  ["auroraview.api.f(undefined)", "api.f", "absent"],
  ["auroraview.api.f({ a: 1 })", "api.f", { a: 1 }],
  ["auroraview.api.f([1, 2])", "api.f", [1, 2]],
  ["auroraview.api.f(5)", "api.f", 5],
  ["auroraview.api.f(null)", "api.f", null],
  ["auroraview.api.f(1, 'x', { y: 2 })", "api.f", [1, "x", { y: 2 }]],
  ["auroraview.api.f(1, undefined)", "api.f", [1, null]],
  ["auroraview.api.scene.create()", "api.scene.create", "absent"],
  ["auroraview.api.name(1)", "api.name", 1],
  ["auroraview.api.length(1)", "api.length", 1],
  ["auroraview.api.call(1)", "api.call", 1],
  ["auroraview.api.apply(1)", "api.apply", 1],
  ["auroraview.api.constructor(1)", "api.constructor", 1],
  ["auroraview.api.__proto__(1)", "api.__proto__", 1],
  ["const { f } = auroraview.api; f(1)", "api.f", 1],
])("%s", async (script, method, params) => {
  const { host, run } = await openPage();
  host.bind(method, () => null);
  run(`(() => { ${script} })()`);
  await tasks();
  const [call, ...others] = host.lines.filter(({ kind }) => kind === "q").map(({ body }) => JSON.parse(body));
  expect([call.method, "params" in call ? call.params : "absent", others]).toEqual([method, params, []]);
});

test("what the language looks for is no method", async () => {
  const { run, host } = await openPage();
  await run(`(async () => {
    const { api } = auroraview;
    if (await api !== api) throw new Error("thenable");
    if (JSON.stringify({ api }) !== "{}") throw new Error("JSON");
    if (api.then !== undefined || api[Symbol.iterator] !== undefined || api.scene.then !== undefined) throw new Error("get");
    try { String(api) } catch {}
  })()`);
  expect(host.lines.filter(({ kind }) => kind === "q")).toEqual([]);
});

test("identity is stable", async () => {
  const { auroraview } = await openPage();
  expect(auroraview.api).toBe(auroraview.api);
  expect(auroraview.api["f"]).toBe(auroraview.api["f"]);
  expect(auroraview.api["a"]!["b"]).toBe(auroraview.api["a"]!["b"]);
});

test("a namespace cannot be changed", async () => {
  const { run } = await openPage();
  for (const change of ["api.f = 1", "delete api.f; api.f.x = 1", "Object.defineProperty(api, 'f', { value: 1 })"]) {
    expect(() => run(`"use strict"; { const { api } = auroraview; ${change} }`), change).toThrow();
  }
});

test("the session's namespaces are members, from the hello on and later", async () => {
  const { window, host } = await openPage({ session: { namespaces: ["api", "scene", "ping", "then", "call", "__proto__"] } });
  const view = window.auroraview as any;
  host.bind("scene.create", (params) => params);
  host.bind("ping", () => "pong");
  expect(await view.scene.create(1)).toBe(1);
  expect(await view.ping()).toBe("pong");
  expect(view.then).toBe(undefined);
  expect(typeof view.call("ping").then).toBe("function");
  expect(view.tools).toBe(undefined);
  const { scene } = view;
  host.setSession({ namespaces: ["scene", "tools"] });
  await tasks(2);
  host.bind("tools.run", () => "ran");
  expect(await view.tools.run()).toBe("ran");
  expect(view.scene).toBe(scene);
  expect(() => window.eval("'use strict'; auroraview.scene = 1")).toThrow();
});
