import { act, createElement, StrictMode, type FunctionComponent } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, expect, test } from "vitest";
import { createClient } from "../../src/client/index.ts";
import { createHooks } from "../../src/client/react.ts";
import { tasks } from "../page.ts";
import type { Api } from "./api.ts";
import { open } from "./hooks.ts";

(globalThis as any).IS_REACT_ACT_ENVIRONMENT = true;

let root: Root | undefined;
afterEach(() => act(() => root?.unmount()));

async function render(component: FunctionComponent<any>, props: object = {}): Promise<HTMLElement> {
  const element = document.createElement("div");
  root = createRoot(element);
  await act(async () => root!.render(createElement(StrictMode, null, createElement(component, props))));
  return element;
}

const settled = () => act(() => tasks(8));

test("useAuroraView: how far the bridge is, and whether Python is healthy", async () => {
  const { host, client } = open();
  const { useAuroraView } = createHooks(client);
  const element = await render(() => {
    const { status, healthy } = useAuroraView();
    return `${status} ${healthy}`;
  });
  await settled();
  expect(element.textContent).toBe("ready true");
  host.fail({ message: "stuck", source: "test" });
  await settled();
  expect(element.textContent).toBe("ready false");
  host.beat();
  await settled();
  expect(element.textContent).toBe("ready true");
});

test("useAuroraView in an ordinary browser", async () => {
  const { useAuroraView } = createHooks(createClient<Api>());
  const element = await render(() => useAuroraView().status);
  await settled();
  expect(element.textContent).toBe("absent");
});

test("useCall with arguments runs, and again when they change; the last one wins", async () => {
  const { host, client } = open();
  const { useCall } = createHooks(client);
  const waiting: (() => void)[] = [];
  host.bind("api.add", ([a]) => new Promise((resolve) => waiting.push(() => resolve(a))));
  const component = ({ id }: { id: number }) => {
    const { data, pending } = useCall((api, n: number) => api.api.add(n), [id]);
    return `${data} ${pending}`;
  };
  const element = await render(component, { id: 1 });
  await settled();
  expect(element.textContent).toBe("undefined true");
  await act(async () => root!.render(createElement(StrictMode, null, createElement(component, { id: 2 }))));
  await settled();
  for (const answer of waiting) answer();
  await settled();
  expect(element.textContent).toBe("2 false");
  expect(host.cancelled.length).toBe(waiting.length - 1);
});

test("useCall without arguments runs by run(); an error is shown, a cancellation is none", async () => {
  const { host, client } = open();
  const { useCall } = createHooks(client);
  let running!: { run(a: number): void; stop(): void };
  const element = await render(() => {
    const state = useCall((api, a: number) => api.api.add(a, 1));
    running = state;
    return `${state.data} ${(state.error as any)?.code} ${state.pending}`;
  });
  expect(element.textContent).toBe("undefined undefined false");
  act(() => running.run(4));
  await settled();
  expect(element.textContent).toBe("5 undefined false");
  host.bind("api.add", () => {
    throw Object.assign(new Error("no"), { code: "LOCKED" });
  });
  act(() => running.run(4));
  await settled();
  expect(element.textContent).toBe("5 LOCKED false");
  host.bind("api.add", () => new Promise(() => {}));
  act(() => running.run(4));
  act(() => running.stop());
  await settled();
  expect(element.textContent).toBe("5 undefined false");
  act(() => running.run(4));
  await settled();
  act(() => root!.unmount());
  await settled();
  expect(host.cancelled.length).toBe(2);
});

test("useEvent hears with the newest handler, while it is there", async () => {
  const { host, client } = open();
  const { useEvent } = createHooks(client);
  const heard: unknown[] = [];
  const component = ({ tag }: { tag: string }) => {
    useEvent("frame_changed", ({ frame }) => heard.push([tag, frame]));
    return null;
  };
  await render(component, { tag: "a" });
  host.emit("frame_changed", { frame: 1 });
  await settled();
  await act(async () => root!.render(createElement(StrictMode, null, createElement(component, { tag: "b" }))));
  host.emit("frame_changed", { frame: 2 });
  await settled();
  act(() => root!.unmount());
  host.emit("frame_changed", { frame: 3 });
  await settled();
  expect(heard).toEqual([["a", 1], ["b", 2]]);
});

test("useSharedState: both sides set it, and only its component renders again", async () => {
  const { host, client } = open();
  const { useSharedState } = createHooks(client);
  let set!: (value: number | undefined) => void;
  let renders = 0;
  const element = await render(() => {
    const [zoom, setZoom] = useSharedState("zoom", 1);
    set = setZoom;
    renders += 1;
    return String(zoom);
  });
  expect(element.textContent).toBe("1");
  host.state.update({ zoom: 2 });
  await settled();
  expect(element.textContent).toBe("2");
  const before = renders;
  host.state.update({ tool: { name: "knife" } });
  await settled();
  expect(renders).toBe(before);
  act(() => set(3));
  expect(element.textContent).toBe("3");
  await settled();
  expect(host.state.values.get("zoom")).toBe(3);
  act(() => set(undefined));
  expect(element.textContent).toBe("1");
});

test("useStream: items as they come; it ends with its component", async () => {
  const { client, ended } = open();
  const { useStream } = createHooks(client);
  const component = ({ to }: { to: number }) => {
    const { data, pending } = useStream((api, n: number) => api.api.count(n), [to], 3);
    return `${data} ${pending}`;
  };
  const element = await render(component, { to: 5 });
  await settled();
  expect(element.textContent).toBe("3,4,5 false");
  await act(async () => root!.render(createElement(StrictMode, null, createElement(component, { to: 1_000_000 }))));
  await settled();
  act(() => root!.unmount());
  await settled();
  expect(ended).toContain("count to 1000000");
});
