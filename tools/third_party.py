"""third_party.py FILE: writes the notices of every crate that is linked into what the wheel holds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

TARGET = "x86_64-unknown-linux-gnu"
ROOTS = {"auroraview-lane", "auroraview-ui", "auroraview-python"}
TEXT_NAMES = ("LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE")


def metadata() -> dict[str, Any]:
    command = ["cargo", "metadata", "--format-version=1", f"--filter-platform={TARGET}"]
    result: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return result


def linked(meta: dict[str, Any]) -> list[dict[str, Any]]:
    """The third-party packages that are reached from ROOTS by normal dependencies; tools of the build are not."""
    packages = {package["id"]: package for package in meta["packages"]}
    nodes = {node["id"]: node for node in meta["resolve"]["nodes"]}
    members = set(meta["workspace_members"])
    todo = [member for member in members if packages[member]["name"] in ROOTS]
    seen = set(todo)
    while todo:
        for dependency in nodes[todo.pop()]["deps"]:
            normal = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            if normal and dependency["pkg"] not in seen and not is_proc_macro(packages[dependency["pkg"]]):
                seen.add(dependency["pkg"])
                todo.append(dependency["pkg"])
    found = [packages[identity] for identity in seen - members]
    return sorted(found, key=lambda package: (package["name"], package["version"]))


def is_proc_macro(package: dict[str, Any]) -> bool:
    return any("proc-macro" in target["kind"] for target in package["targets"])


def texts(package: dict[str, Any]) -> list[str]:
    """The licence and notice files that the package carries, in the order of their names."""
    folder = Path(package["manifest_path"]).parent
    files = (file for file in sorted(folder.iterdir()) if file.name.upper().startswith(TEXT_NAMES))
    return [file.read_text("utf-8", "replace").strip() for file in files if file.is_file()]


def document(packages: list[dict[str, Any]]) -> str:
    lines = ["# Third-party notices", "", "AuroraView's binaries contain these packages.", ""]
    lines += ["| package | version | licence | source |", "|---|---|---|---|"]
    users: dict[str, list[str]] = {}
    spelled: dict[str, str] = {}
    for package in packages:
        name, version = package["name"], package["version"]
        licence = package["license"] or f"see {package['license_file']}"
        lines.append(f"| {name} | {version} | {licence} | {package['repository'] or ''} |")
        for text in texts(package):
            key = " ".join(text.split())
            spelled.setdefault(key, text)
            users.setdefault(key, []).append(f"{name} {version}")
    for key, names in users.items():
        whose = ", ".join(dict.fromkeys(names))
        lines += ["", "---", "", f"For {whose}:", "", "```text", spelled[key], "```"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document(linked(metadata())), "utf-8")
