"""``auroraview types``: what a program offers, as TypeScript. The compiler says whether it is right."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.desktop import until

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples/typed_api.py"
TSC = ROOT / "sdk/node_modules/typescript/bin/tsc"

PROGRAM = """
from __future__ import annotations
import datetime
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Iterator, Literal, NamedTuple, NewType, Optional, TypedDict, Union
import msgspec, pydantic
import auroraview
from auroraview import Context, PageStream
from parts import Node as Other

class Kind(Enum):
    A = "a"
    B = 2

@dataclass
class Node:
    '''A node.

    More about it, with */ in it.

    Attributes:
        name: What it is called,
            in full.
    '''
    name: str
    children: list[Node] = field(default_factory=list)
    total: int = field(init=False, default=0)

class Row(msgspec.Struct, rename="camel"):
    row_number: int
    a: Optional[Kind] = None

class User(pydantic.BaseModel):
    name: str
    user_age: int = pydantic.Field(default=1, alias="userAge")

class Plain:
    pass

Id = NewType("Id", int)
class Query(TypedDict, total=False):
    text: str

view = auroraview.WebView()

def bind(function):
    return view.bind_call(f"api.{function.__name__}", function)

@bind
def all_kinds(a: Any, b: bytes, c: Path, d: datetime.date, e: Literal["x", 1, None], f: dict[str, Node],
              g: dict[Kind, int], h: tuple[int, ...], i: tuple[str, bool], j: Union[list[int], None], k: Id,
              l: set[Query], m: Row, n: User, o: Other, p: Plain, q: float = 1) -> Optional[Node]:
    '''Does it all.

    :param a: The first
        of many.
    :param q: The last.
    :returns: Nothing.
    '''
@bind
def named(first: int, *, second: str, new: bool = False) -> None: ...
@bind
def rest(*names: str) -> list[Optional[int]]: ...
@bind
def reserved(default: int, function: str = "") -> "Iterator[Row]": ...
@bind
def pages(items: PageStream[Node], context: Context) -> User: ...
@bind
def no_hints(a, b=1): ...
view.bind_call("plain", max)
view.event("changed", dict[str, Node])
view.event("ended", None)
view.on("clicked", lambda data: None)
print("not part of it")
if __name__ != "__main__":
    view.show()
raise AssertionError("show() would wait")
"""

PARTS = """
from dataclasses import dataclass
@dataclass
class Node:
    id: int
"""


def types(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python")}
    environment.pop("DISPLAY", None)  # no window is opened
    command = [sys.executable, "-m", "auroraview", "types", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, **options)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    (tmp_path / "parts.py").write_text(PARTS)
    (tmp_path / "app.py").write_text(PROGRAM)
    return tmp_path / "app.py"


def test_the_file_of_the_example_is_what_it_generates(tmp_path: Path) -> None:
    done = types(f"{EXAMPLE}:make_view", "-o", tmp_path / "api.gen.ts")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "api.gen.ts").read_bytes() == (EXAMPLE.parent / "typed_api.gen.ts").read_bytes()


def test_every_kind_of_hint_has_its_type(program: Path) -> None:
    done = types(program)
    assert done.returncode == 0, done.stderr
    assert done.stdout == types(program).stdout  # always the same
    lines = [line.strip() for line in done.stdout.splitlines()]
    for line in [
        'a: any, b: Uint8Array, c: string, d: DateOnly, e: "x" | 1 | null, f: Record<string, NodeInput>, '
        "g: Partial<Record<Kind, number>>, h: number[], i: [string, boolean], j: number[] | null, k: number, "
        "l: Query[], m: RowInput, n: UserInput, o: Node2, p: unknown, q?: number) => Promise<Node | null>;",
        '"api.named": (named: Keywords<{ first: number; second: string; new?: boolean }>) => Promise<null>;',
        '"api.rest": (...names: string[]) => Promise<(number | null)[]>;',
        '"api.reserved": (default_: number, function_?: string) => Stream<Row, null>;',
        '"api.pages": (items: AsyncIterable<NodeInput>) => Promise<User>;',
        '"api.no_hints": (a: any, b?: any) => Promise<any>;',
        "plain: (...params: any[]) => Promise<any>;",
        "changed: Record<string, Node>;",
        "ended: null;",
        "clicked: any;",
        "* @param a The first of many.",
        "* @returns Nothing.",
        'export type Kind = "a" | 2;',
        "text?: string;",
        "userAge?: number;",
        "rowNumber: number;",
        "/** What it is called, in full. */",
        "* More about it, with *\\/ in it.",
        'import type { Keywords, Stream } from "@auroraview/sdk";',
    ]:
        assert any(each.endswith(line) for each in lines), line
    interfaces = dict(re.findall(r"export interface (\w+) \{\n(.*?)\n\}", done.stdout, re.DOTALL))
    members = re.sub(r"/\*\*.*?\*/", "", interfaces["Node"])
    assert members.split() == "name: string; children: Node[]; total: number;".split()
    assert "children?: NodeInput[];" in interfaces["NodeInput"] and "total?: number;" in interfaces["NodeInput"]
    assert interfaces["Node2"].split() == ["id:", "number;"]
    assert "warning: Plain is a hint" in done.stderr and "not part of it" in done.stderr


@pytest.mark.parametrize(
    ("source", "target", "words"),
    [
        ("", "app.py", "app.py made no WebView while it was imported. Name a function that returns one: app.py:make"),
        ("import nonsense", "app.py", "No module named 'nonsense'"),
        ("def make_view(): return 5", "app.py:make_view", "make_view() returned 5, not a WebView"),
        ("def make_view(a): ...", "app.py:make_view", "missing 1 required positional argument"),
        ("", "app.py:make_view", "app.py has no function make_view"),
        ("", "other.py", "there is no file"),
        (
            "import auroraview\ndef f(a: 'Nonsense'): ...\nauroraview.WebView().bind_call('api.f', f)",
            "app.py",
            "api.f: the type hint of its parameter 'a': 'Nonsense' cannot be resolved: name 'Nonsense' is not defined",
        ),
        (
            "import auroraview\nfor f in (max, min): auroraview.WebView().bind_call('api.f', f)",
            "app.py",
            "two views bind api.f to different functions",
        ),
    ],
)
def test_what_cannot_be_done_is_said(source: str, target: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(source)
    done = types(tmp_path / target, "-o", tmp_path / "out.ts")
    assert done.returncode == 1 and words in done.stderr
    assert not (tmp_path / "out.ts").exists()


def test_modules_of_packages_and_programs_that_exit(tmp_path: Path) -> None:
    (tmp_path / "tool").mkdir()
    (tmp_path / "tool/__init__.py").touch()
    (tmp_path / "tool/parts.py").write_text("def f(a: int) -> str: ...")
    (tmp_path / "tool/app.py").write_text(
        "import sys, auroraview\nfrom .parts import f\nauroraview.WebView().bind_call('f', f)\nsys.exit(3)"
    )
    done = types(tmp_path / "tool/app.py")
    assert done.returncode == 0 and "f: (a: number) => Promise<string>;" in done.stdout, done.stderr


def test_a_view_writes_its_own_types(tmp_path: Path) -> None:
    source = """
import auroraview, sys
view = auroraview.WebView()
@view.bind_call("f")
def f(a: int) -> str: ...
view.generate_types(sys.argv[1])
"""
    out = tmp_path / "api.ts"
    subprocess.run([sys.executable, "-c", source, out], env={"PYTHONPATH": str(ROOT / "python")}, check=True)
    assert "f: (a: number) => Promise<string>;" in out.read_text()


def test_it_writes_again_when_a_file_of_the_program_changes(program: Path) -> None:
    out = program.parent / "api.ts"
    command = [sys.executable, "-m", "auroraview", "types", str(program), "-o", str(out), "--watch"]
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT / "python")}, stderr=subprocess.PIPE,
                          text=True) as watching:  # fmt: skip
        try:
            assert watching.stderr is not None
            for line in watching.stderr:
                if "watching app.py" in line:
                    break
            assert "id: number" in out.read_text()
            (program.parent / "parts.py").write_text(PARTS.replace("id: int", "id: str"))
            until("the change of a module", lambda: "id: string" in out.read_text())
            program.write_text("syntax error")
            for line in watching.stderr:
                if "cannot be imported" in line:
                    break
            program.write_text(PROGRAM.replace('"api.', '"scene.').replace('f"api.', 'f"scene.'))
            until("the change of the program", lambda: "scene.rest" in out.read_text())
            watching.send_signal(signal.SIGINT)
            assert watching.wait(20) == 0
        finally:
            watching.kill()


# ---- the compiler ----

GOOD = """
import { createClient, keywords } from "@auroraview/sdk";
import type { Api, ApiError, Node } from "./typed_api.gen.ts";

const client = createClient<Api>();

export async function page(): Promise<string[]> {
  const node: Node = await client.scene.create("key light", "light", [1, 2]);
  await client.scene.create("box");
  await client.scene.update({ id: node.id, name: "x", kind: "mesh", position: [0, 0], created: node.created });
  await client.scene.find();
  const lights: Node[] = await client.scene.find(keywords({ kind: "light" }));
  for await (const row of client.scene.render(4, 4)) row.byteLength satisfies number;
  client.on("selected", ({ ids }) => ids.map((id) => id.toFixed()));
  client.send("clicked", [1, 2, 3]);
  return lights.flatMap((light) => light.tags);
}

export function explain(error: ApiError): string {
  switch (error.code) {
    case "NO_SUCH_NODE":
      return `no node ${error.data.ids[0]}`;
    case "SCENE_LOCKED":
      error.data satisfies null;
      return "locked";
  }
}
"""

#: What a page does wrong, and what the compiler says.
BAD = [
    ("await client.scene.create();", "Expected 1-3 arguments, but got 0"),
    ("await client.scene.create(5);", "'number' is not assignable to parameter of type 'string'"),
    ('await client.scene.create("x", "cube");', "is not assignable to parameter of type 'Kind | undefined'"),
    ('await client.scene.create("x", "mesh", [1]);', "Source has 1 element(s) but target requires 2"),
    ('await client.scene.creat("x");', "Property 'creat' does not exist"),
    ('(await client.scene.create("x")).nam;', "Property 'nam' does not exist on type 'Node'"),
    ("await client.scene.update({ id: 1 });", "is missing the following properties"),
    ('await client.scene.find(keywords({ kind: "cube" }));', "not assignable"),
    ('client.on("selcted", () => {});', "is not assignable to parameter of type"),
    ('client.on("selected", ({ id }) => id);', "Property 'id' does not exist on type 'Selection'"),
    ('client.send("clicked", { x: 1 });', "'x' does not exist in type"),
    ('const error = {} as ApiError; error.code === "NO_SUCH_NOD";', "have no overlap"),
]


def compile_page(folder: Path, source: str) -> str:
    """What the compiler says of a page that uses the example's API."""
    (folder / "typed_api.gen.ts").write_bytes((EXAMPLE.parent / "typed_api.gen.ts").read_bytes())
    (folder / "page.ts").write_text(source)
    options = {
        "strict": True, "noEmit": True, "exactOptionalPropertyTypes": True, "target": "es2022", "module": "esnext",
        "moduleResolution": "bundler", "allowImportingTsExtensions": True, "types": [],
        "paths": {"@auroraview/sdk": [str(ROOT / "sdk/src/client/index.ts")]},
    }  # fmt: skip
    (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": options, "files": ["page.ts"]}))
    return subprocess.run(["node", TSC, "-p", folder], cwd=folder, capture_output=True, text=True).stdout


def test_a_page_that_uses_it_right_compiles(tmp_path: Path) -> None:
    assert compile_page(tmp_path, GOOD) == ""


def test_mistakes_do_not_compile(tmp_path: Path) -> None:
    """One page with all of them, since the compiler takes its time: each line has its error."""
    head = 'import { createClient, keywords } from "@auroraview/sdk";\n'
    head += 'import type { Api, ApiError } from "./typed_api.gen.ts";\n'
    lines = [f"export const f{n} = async () => {{ {line} }};" for n, (line, _) in enumerate(BAD)]
    said = compile_page(tmp_path, f"{head}const client = createClient<Api>();\n" + "\n".join(lines))
    found = re.split(r"^(?=page\.ts\()", said, flags=re.MULTILINE)[1:]
    for n, (line, words) in enumerate(BAD):
        own = [each for each in found if each.startswith(f"page.ts({n + 4},")]
        assert own and any(words in each for each in own), f"{line}\n{said}"
    assert all(each.startswith("page.ts(") for each in found)
