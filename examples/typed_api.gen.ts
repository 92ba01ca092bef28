// Made by `auroraview types typed_api.py:make_view` from the type hints in Python: change them, not this file.
import type { Keywords, Stream } from "@auroraview/sdk";

/** ISO 8601, such as "2026-01-31T12:00:00Z": `new Date(it)`. */
export type DateTime = string;

/** What a node is. */
export type Kind = "mesh" | "light" | "camera";

/** A node of the scene. */
export interface Node {
  id: number;
  name: string;
  kind: Kind;
  position: Position;
  created: DateTime;
  /** Words to find it by. */
  tags: string[];
}

/** A node of the scene. */
export interface NodeInput {
  id: number;
  name: string;
  kind: Kind;
  position: PositionInput;
  created: DateTime;
  /** Words to find it by. */
  tags?: string[];
}

export type Position = [x: number, y: number, z: number];

export type PositionInput = [x: number, y: number, z?: number];

/** What the user works on. */
export interface Selection {
  ids: number[];
}

/** What Python offers to this page. */
export interface Api {
  /** By whole name. */
  functions: {
    /**
     * Makes a node and selects it.
     * @param name As the outliner shows it.
     * @param position In metres; the origin if it is missing.
     * @returns The node, with its number.
     * @throws SCENE_LOCKED Somebody else renders.
     */
    "scene.create": (name: string, kind?: Kind, position?: PositionInput | null) => Promise<Node>;
    /** Takes a node out of the scene. */
    "scene.delete": (id: number) => Promise<null>;
    /** The nodes of a kind, or all. */
    "scene.find": (...named: [] | [Keywords<{ kind?: Kind | null; limit?: number }>]) => Promise<Node[]>;
    /** Yields the picture, row by row. */
    "scene.render": (width: number, height: number) => Stream<Uint8Array, null>;
    /** Replaces the node that has the same number. */
    "scene.update": (node: NodeInput) => Promise<null>;
  };
  /** Python tells the page. */
  events: {
    selected: Selection;
  };
  /** The page tells Python. */
  sends: {
    /** The user clicked into the viewport. */
    clicked: PositionInput;
  };
  /** Codes of the errors that Python raises, and their data. */
  errors: {
    /** There is no node with this number. */
    NO_SUCH_NODE: Selection;
    SCENE_LOCKED: null;
  };
}

/** An error of Python, told apart by its code: `const { code, data } = error as ApiError`. */
export type ApiError = {
  [Code in keyof Api["errors"]]: Error & { code: Code; data: Api["errors"][Code] };
}[keyof Api["errors"]];
