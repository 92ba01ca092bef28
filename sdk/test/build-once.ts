// Builds the bundle from the sources as they are, so that the tests never run an old one.
import type { TestProject } from "vitest/node";
import { bundle } from "../build.mjs";

export default function setup(project: TestProject): void {
  project.provide("bundle", bundle());
}

declare module "vitest" {
  export interface ProvidedContext {
    bundle: string;
  }
}
