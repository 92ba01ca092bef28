"""check_wheel.py WHEEL...: says how large each wheel is; fails if one is too large, or a file or wheel is missing."""

import sys
import zipfile
from pathlib import Path

LIMIT = 5_000_000  # bytes
TAGS = ("-cp39-abi3-", "-cp311-abi3-")
EXECUTABLES = ["auroraview/_bin/auroraview-ui", "auroraview/_bin/auroraview-headless"]
LANE = "auroraview/_bin/lane/"
LIBRARY = f"{LANE}libauroraview_lane.so"
WANTED = [
    *EXECUTABLES,
    LIBRARY,
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
        for program in [each for each in EXECUTABLES if each in files]:
            if not (files[program].external_attr >> 16) & 0o100:
                found.append(f"{program} is not executable")
        for binary in (*EXECUTABLES, LIBRARY):
            if binary in files and b"\0.symtab\0" in archive.read(binary):
                found.append(f"{binary} is not stripped")
        # The engine loads whatever is there into its processes.
        found += [f"{file} does not belong" for file in files if file.startswith(LANE) and file not in (LANE, LIBRARY)]
        found += [f"{file} does not belong" for file in files if "__pycache__" in file]
    if len(list(files)) != len(archive.infolist()):
        found.append("a file is there twice")
    if wheel.stat().st_size > LIMIT:
        found.append(f"it is larger than {LIMIT / 1e6:.0f} MB")
    return found


def main() -> int:
    wheels = [Path(each) for each in sys.argv[1:]]
    found = [f"no wheel of {tag}" for tag in TAGS if not any(tag in wheel.name for wheel in wheels)]
    for wheel in wheels:
        print(f"{wheel}: {wheel.stat().st_size / 1e6:.2f} MB")
        found += [f"{wheel.name}: {problem}" for problem in problems(wheel)]
    print("\n".join(found), file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
