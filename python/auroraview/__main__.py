"""``python -m auroraview``."""

from ._typegen.command import main

if __name__ == "__main__":
    raise SystemExit(main())
