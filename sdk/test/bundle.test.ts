// @vitest-environment node
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { bundle, MAX_GZIP, OUTPUT } from "../build.mjs";

test("dist/bridge.js is what `npm run build` writes, every time", () => {
  expect(bundle()).toBe(bundle());
  expect(readFileSync(OUTPUT, "utf8")).toBe(bundle());
});

test("the bundle can be wrapped, is ASCII, and small", () => {
  const text = bundle();
  expect(text).toMatch(/^[\x00-\x7f]*$/);
  expect(() => new Function(`(function(){"use strict";const __AURORAVIEW_BOOT__={};${text}})()`)).not.toThrow();
  expect(gzipSync(text, { level: 9 }).length).toBeLessThanOrEqual(MAX_GZIP);
});
