// Builds the bundle from the sources as they are, so that the tests never run an old one.
import type { TestProject } from "vitest/node";
import { bundle } from "../build.mjs";

export default function setup(project: TestProject): void {
  project.provide("bundles", { webkit: bundle("webkit"), webview2: bundle("webview2") });
}

declare module "vitest" {
  export interface ProvidedContext {
    bundles: { readonly webkit: string; readonly webview2: string };
  }
}
