"""What tests of tools use (``docs/testing.md``): views on the web engine or without one, the page's half of a
conversation, waits that end with what they wait for, and fake hosts (:mod:`auroraview.testing.hosts`).

The pytest fixtures are in :mod:`auroraview.testing.plugin`; nothing else here needs pytest.
"""

from .backends import backend
from .desktop import Desktop
from .page import Heard, Page, Rejected, Running
from .waits import PATIENCE, Recorder, wait_until

__all__ = ["PATIENCE", "Desktop", "Heard", "Page", "Recorder", "Rejected", "Running", "backend", "wait_until"]
