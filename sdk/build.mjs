// Writes dist/bridge.js, the text that the UI process injects into every document, and dist/bridge-webview2.js, the same for
// WebView2. The files are committed; a test builds them again and fails if they differ, so everything that shapes the output
// stands here and nothing comes from outside.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { buildSync } from "esbuild";
import { minify_sync } from "terser";

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));

/** Of WebKit's; WebView2's has no lane, but a transport that matches answers to posts. */
export const MAX_GZIP = { webkit: 8 * 1024, webview2: 8.25 * 1024 };
/** By engine. WebKit is that of Linux and macOS. */
export const OUTPUTS = { webkit: here("dist/bridge.js"), webview2: here("dist/bridge-webview2.js") };

/**
 * Names of members that only the bridge's own objects have: the bundle calls them `a`, `b` ... None may be a name of the page's
 * API, of the wire or of the platform; the tests run the bundle, and would find it missing.
 */
const INTERNAL = [
  "arrived attachments cancel caughtUp check close content configure control deliver dispatch dispatchReady end enqueue ext fail failAll failed forwardOnly",
  "handler idle incomplete isEmpty isIdle kind lane line mark number offerLane onBatch onBeat onCancel onClosed onCredit onError onEvent",
  "onHealth onHello onHost onInvalid onLane onRequest onResult onSession onSign onState open order page pieceSize post push",
  "readPage reject release resolve run send size sendEvent stop streams switchWays take takeBytes takeStream text transfer",
  "unavailable wait want",
];

/** The bundle of an engine, as text. It must not end in a line comment: the UI process writes `})()` behind it. */
export function bundle(/** @type {keyof typeof OUTPUTS} */ engine) {
  const result = buildSync({
    entryPoints: [here("src/boot.ts")],
    absWorkingDir: here("."),
    bundle: true,
    define: { __WEBVIEW2__: String(engine === "webview2") },
    write: false,
    format: "iife",
    target: "safari15",
    minifySyntax: true,
    charset: "ascii",
    mangleProps: new RegExp(`^(${INTERNAL.join(" ").replaceAll(" ", "|")})$`),
    legalComments: "none",
    logLevel: "warning",
    tsconfigRaw: "{}",
  });
  const [file] = result.outputFiles;
  if (file === undefined) throw new Error("esbuild wrote nothing");
  // esbuild puts the modules together and removes what nobody uses; terser then inlines and shortens further.
  const { code } = minify_sync(file.text, {
    ecma: 2020,
    toplevel: true,
    compress: { passes: 8, unsafe_arrows: true, builtins_pure: true, pure_getters: true },
    format: { ascii_only: true },
  });
  if (code === undefined) throw new Error("terser wrote nothing");
  return code;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const engine of /** @type {const} */ (["webkit", "webview2"])) {
    const text = bundle(engine);
    const gzip = gzipSync(text, { level: 9 }).length;
    if (gzip > MAX_GZIP[engine]) throw new Error(`the bridge is ${gzip} bytes gzipped; the limit is ${MAX_GZIP[engine]}`);
    writeFileSync(OUTPUTS[engine], text);
    console.log(`${OUTPUTS[engine]}: ${text.length} bytes, ${gzip} gzipped`);
  }
}
