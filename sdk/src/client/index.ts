// Entry of the package: a typed client. Types of `window.auroraview` come with it.
export type {
  AuroraView,
  CallOptions,
  ConfigValues,
  EventHandler,
  Namespace,
  Ready,
  SharedState,
  StateChange,
  StateHandler,
} from "../index.ts";
export { type Client, createClient, keywords } from "./client.ts";
export { type AuroraViewError, type Code, isAuroraViewError } from "./errors.ts";
export type { AnyNamespace, ApiShape, ChangeOf, Keywords, Stream, TypedState } from "./shape.ts";
