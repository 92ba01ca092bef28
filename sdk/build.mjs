// Writes dist/bridge.js, the text that the UI process injects into every document. The file is committed; a test builds
// it again and fails if it differs, so everything that shapes the output stands here and nothing comes from outside.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { buildSync } from "esbuild";

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));

export const MAX_GZIP = 8 * 1024;
export const OUTPUT = here("dist/bridge.js");

/** The bundle as text. It must not end in a line comment: the UI process writes `})()` behind it. */
export function bundle() {
  const result = buildSync({
    entryPoints: [here("src/boot.ts")],
    absWorkingDir: here("."),
    bundle: true,
    write: false,
    format: "iife",
    target: "safari15",
    minify: true,
    charset: "ascii",
    legalComments: "none",
    logLevel: "warning",
    tsconfigRaw: "{}",
  });
  const [file] = result.outputFiles;
  if (file === undefined) throw new Error("esbuild wrote nothing");
  return file.text;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = bundle();
  const gzip = gzipSync(text, { level: 9 }).length;
  if (gzip > MAX_GZIP) throw new Error(`the bridge is ${gzip} bytes gzipped; the limit is ${MAX_GZIP}`);
  writeFileSync(OUTPUT, text);
  console.log(`dist/bridge.js: ${text.length} bytes, ${gzip} gzipped`);
}
