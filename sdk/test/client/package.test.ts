// @vitest-environment node
// The package as an application gets it: built, imported by its name, bundled, and its types read by a compiler.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { buildSync } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";

// Inside the package, where its own name leads to what it exports.
const folder = mkdtempSync("test/consumer-");
beforeAll(() => void execFileSync("node_modules/.bin/tsc", ["-p", "tsconfig.build.json"]), 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

function bundle(code: string): { text: string; gzip: number } {
  const { outputFiles } = buildSync({
    stdin: { contents: code, resolveDir: folder },
    absWorkingDir: process.cwd(),
    bundle: true,
    write: false,
    format: "esm",
    minify: true,
    external: ["react", "vue"],
    logLevel: "error",
    tsconfigRaw: "{}",
  });
  const text = outputFiles[0]!.text;
  return { text, gzip: gzipSync(text, { level: 9 }).length };
}

const client = `import { createClient } from "@auroraview/sdk"; export const client = createClient();`;

test("who imports the client gets the client only", () => {
  const { text, gzip } = bundle(client);
  expect(text).not.toMatch(/react|vue|useSyncExternalStore|shallowRef|jsonrpc|\$\/hello/);
  expect(gzip).toBeLessThan(2048);
});

test("nothing stays of what nobody uses", () => {
  for (const entry of ["", "/global", "/react", "/vue", "/dev", "/testing"]) {
    const { text } = bundle(`import "@auroraview/sdk${entry}"; import * as all from "@auroraview/sdk${entry}"; export const x = 1;`);
    expect(text.replace(/import\s*"(react|vue)";?/g, "").trim(), entry).toMatch(/^var \w=1;export\{\w as x\};$/);
  }
});

test("sizes", () => {
  const sizes = {
    client: bundle(client).gzip,
    "client and React hooks": bundle(`${client} import { createHooks } from "@auroraview/sdk/react"; export const hooks = createHooks(client);`).gzip,
    "client and Vue composables": bundle(`${client} import { createComposables } from "@auroraview/sdk/vue"; export const c = createComposables(client);`).gzip,
    "mocks for a browser": bundle(`import { mockHost } from "@auroraview/sdk/dev"; mockHost();`).gzip,
  };
  console.log(Object.entries(sizes).map(([what, size]) => `${what}: ${size} bytes gzipped`).join("\n"));
  expect(Math.max(...Object.values(sizes))).toBeLessThan(16 * 1024);
});

test("its types are read without its sources and without the types of Node", () => {
  writeFileSync(
    `${folder}/consumer.ts`,
    `import { createClient, isAuroraViewError, keywords, type Keywords, type Stream } from "@auroraview/sdk";
     import { createHooks } from "@auroraview/sdk/react";
     import { createComposables } from "@auroraview/sdk/vue";
     import { createFakeHost } from "@auroraview/sdk/testing";
     import { mockHost } from "@auroraview/sdk/dev";
     interface Api { functions: { "api.add": (a: number) => Promise<number>; "api.n": (n: Keywords<{ x: number }>) => Stream<string> }; state: { zoom: number } }
     const client = createClient<Api>(createFakeHost().open());
     export const sum: Promise<number> = client.api.add(1);
     export async function loop(): Promise<void> { for await (const text of client.api.n(keywords({ x: 1 }))) text.at(0); }
     export const [zoom] = createHooks(client).useSharedState("zoom", 1);
     export const doubled: number = zoom * 2 + createComposables(client).useSharedState("zoom", 1).value;
     mockHost<Api>({ functions: { "api.add": (a) => a + 1 } });
     // @ts-expect-error one number
     void client.api.add("1");
     if (isAuroraViewError(null, "TIMEOUT")) void window.auroraview.state.get("zoom");`,
  );
  compile();
}, 60_000);

test("who imports nothing but the global has the types of the injected object", () => {
  writeFileSync(
    `${folder}/consumer.ts`,
    `import "@auroraview/sdk/global";
     export const sum: Promise<number> = window.auroraview.call<number>("api.add", [1, 2]);
     export async function loop(): Promise<void> { for await (const row of auroraview.api.rows!(3)) void row; }
     export const stop: () => void = auroraview.on("frame_changed", ({ frame }) => void frame);
     auroraview.send_event("picked", { name: "cube" });
     // @ts-expect-error a name
     void window.auroraview.call(1);
     // @ts-expect-error no such member
     void auroraview.cal("api.add");
     // @ts-expect-error it is not the page's to replace
     window.auroraview = auroraview;`,
  );
  compile();
}, 60_000);

/** Throws what the compiler says of `consumer.ts`. */
function compile(): void {
  const tsconfig = {
    compilerOptions: {
      target: "ES2021",
      lib: ["ES2022", "DOM"],
      module: "ESNext",
      moduleResolution: "Bundler",
      strict: true,
      noEmit: true,
      types: [],
      skipLibCheck: false,
    },
    files: ["consumer.ts"],
  };
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(tsconfig));
  try {
    execFileSync("node_modules/.bin/tsc", ["-p", folder], { encoding: "utf8" });
  } catch (error) {
    throw new Error((error as { stdout: string }).stdout);
  }
}
