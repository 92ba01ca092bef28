"""check_wheel.py WHEEL: says how large the wheel is; fails if it is too large or a file is missing."""

import sys
import zipfile
from pathlib import Path

LIMIT = 5_000_000  # bytes
EXECUTABLE = "auroraview/_bin/auroraview-ui"
WANTED = [
    EXECUTABLE,
    "auroraview/__init__.py",
    "auroraview/_core.abi3.so",
    "auroraview/_core.pyi",
    "auroraview/py.typed",
    "/licenses/LICENSE-APACHE",
    "/licenses/LICENSE-MIT",
    "/licenses/THIRD_PARTY.md",
]


def problems(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        files = {info.filename: info for info in archive.infolist()}
        found = [f"{name} is missing" for name in WANTED if not any(file.endswith(name) for file in files)]
        if EXECUTABLE in files:
            if not (files[EXECUTABLE].external_attr >> 16) & 0o100:
                found.append(f"{EXECUTABLE} is not executable")
            if b"\0.symtab\0" in archive.read(EXECUTABLE):
                found.append(f"{EXECUTABLE} is not stripped")
        found += [f"{file} does not belong" for file in files if "__pycache__" in file]
    if len(list(files)) != len(archive.infolist()):
        found.append("a file is there twice")
    if wheel.stat().st_size > LIMIT:
        found.append(f"it is larger than {LIMIT / 1e6:.0f} MB")
    return found


def main() -> int:
    wheel = Path(sys.argv[1])
    print(f"{wheel}: {wheel.stat().st_size / 1e6:.2f} MB")
    found = problems(wheel)
    for problem in found:
        print(f"{wheel.name}: {problem}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
