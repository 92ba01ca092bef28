// @vitest-environment node
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { bundle, MAX_GZIP, OUTPUTS } from "../build.mjs";

const engines = ["webkit", "webview2"] as const;

test.each(engines)("dist has what `npm run build` writes, every time: %s", (engine) => {
  expect(bundle(engine)).toBe(bundle(engine));
  expect(readFileSync(OUTPUTS[engine], "utf8")).toBe(bundle(engine));
}, 60_000);

test.each(engines)("the bundle can be wrapped, is ASCII, and small: %s", (engine) => {
  const text = bundle(engine);
  expect(text).toMatch(/^[\x00-\x7f]*$/);
  expect(() => new Function(`(function(){"use strict";const __AURORAVIEW_BOOT__={};${text}})()`)).not.toThrow();
  expect(gzipSync(text, { level: 9 }).length).toBeLessThanOrEqual(MAX_GZIP[engine]);
});
