import { createApp, defineComponent, h, nextTick, ref, type App } from "vue";
import { afterEach, expect, test } from "vitest";
import { createComposables } from "../../src/client/vue.ts";
import { tasks } from "../page.ts";
import { open } from "./hooks.ts";

let app: App | undefined;
afterEach(() => app?.unmount());

function mount(setup: () => () => string): HTMLElement {
  const element = document.createElement("div");
  app = createApp(
    defineComponent(() => {
      const text = setup();
      return () => h("span", text());
    }),
  );
  app.mount(element);
  return element;
}

async function settled(): Promise<void> {
  await tasks(8);
  await nextTick();
}

test("useAuroraView", async () => {
  const { host, client } = open();
  const { useAuroraView } = createComposables(client);
  const element = mount(() => {
    const { status, healthy } = useAuroraView();
    return () => `${status.value} ${healthy.value}`;
  });
  expect(element.textContent).toBe("waiting true");
  await settled();
  expect(element.textContent).toBe("ready true");
  host.fail({ message: "stuck", source: "test" });
  await settled();
  expect(element.textContent).toBe("ready false");
});

test("useCall runs when its arguments change, and ends with its component", async () => {
  const { host, client } = open();
  const { useCall } = createComposables(client);
  const id = ref(1);
  const element = mount(() => {
    const { data, pending } = useCall((api, n: number) => api.api.add(n, 10), () => [id.value] as [number]);
    return () => `${data.value} ${pending.value}`;
  });
  await settled();
  expect(element.textContent).toBe("11 false");
  id.value = 2;
  await settled();
  expect(element.textContent).toBe("12 false");
  host.bind("api.add", () => new Promise(() => {}));
  id.value = 3;
  await settled();
  expect(element.textContent).toBe("12 true");
  app!.unmount();
  await settled();
  expect(host.cancelled.length).toBe(1);
});

test("useEvent and useSharedState", async () => {
  const { host, client } = open();
  const { useEvent, useSharedState } = createComposables(client);
  const frame = ref(0);
  let zoom!: { value: number };
  const element = mount(() => {
    useEvent("frame_changed", (data) => (frame.value = data.frame));
    zoom = useSharedState("zoom", 1);
    return () => `${frame.value} ${zoom.value}`;
  });
  host.emit("frame_changed", { frame: 12 });
  host.state.update({ zoom: 2 });
  await settled();
  expect(element.textContent).toBe("12 2");
  zoom.value = 3;
  await settled();
  expect([element.textContent, host.state.values.get("zoom")]).toEqual(["12 3", 3]);
  app!.unmount();
  host.emit("frame_changed", { frame: 13 });
  await settled();
  expect(frame.value).toBe(12);
});

test("useStream", async () => {
  const { client, ended } = open();
  const { useStream } = createComposables(client);
  const element = mount(() => {
    const { data } = useStream((api, n: number) => api.api.count(n), [4]);
    return () => String(data.value);
  });
  await settled();
  expect([element.textContent, ended]).toEqual(["1,2,3,4", ["count to 4"]]);
});
