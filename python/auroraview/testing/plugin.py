"""pytest fixtures (``docs/testing.md``). pytest finds this module by itself where auroraview is installed."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Callable, Optional

import pytest

from .._view import WebView
from .backends import CAPABILITIES, backend
from .desktop import Desktop
from .hosts import FakeBlender, FakeHost, FakeHoudini, FakeMaya, FakeNuke, FakeUnreal
from .waits import Recorder

_EVERYTHING = frozenset().union(*CAPABILITIES.values())


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("auroraview")
    group.addoption(
        "--auroraview-backend", choices=["both", *CAPABILITIES], default="both",
        help="the backend of tests that use open_view (default: each that has what the test needs)",
    )  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    there_are = ", ".join(sorted(_EVERYTHING))
    config.addinivalue_line(
        "markers", f"needs(capability, ...): with open_view, only on backends that have it; there are: {there_are}"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "auroraview_backend" not in metafunc.fixturenames:
        return
    needed = {each for mark in metafunc.definition.iter_markers("needs") for each in mark.args}
    if needed - _EVERYTHING:
        raise pytest.UsageError(
            f"{metafunc.definition.nodeid}: needs {sorted(needed - _EVERYTHING)}; there are: {sorted(_EVERYTHING)}"
        )
    asked = metafunc.config.getoption("--auroraview-backend")
    fitting = [name for name, has in CAPABILITIES.items() if needed <= has and asked in ("both", name)]
    metafunc.parametrize("auroraview_backend", fitting, indirect=True)


@pytest.fixture(scope="session")
def auroraview_desktop() -> Iterator[Optional[Desktop]]:
    """The X11 screen of the engine's windows: the one that is there, else one of our own, with a window manager.

    None: a desktop without X11 (Windows, macOS, Wayland).
    """
    display = os.environ.get("DISPLAY")
    if not sys.platform.startswith("linux") or display or os.environ.get("WAYLAND_DISPLAY"):
        yield Desktop(display) if display else None
        return
    with Desktop.start() as desktop, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DISPLAY", desktop.display)
        yield desktop


@pytest.fixture
def auroraview_backend(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of the backend on which this test's views are shown, whoever makes them: ``engine`` or ``headless``."""
    name: str = request.param
    if name == "engine":
        request.getfixturevalue("auroraview_desktop")
    with backend(name):
        yield name


OpenView = Callable[..., WebView]


@pytest.fixture
def open_view(auroraview_backend: str) -> Iterator[OpenView]:
    """``open_view(html, **options)``: a view that is shown and loaded, with its handlers on a thread of its own; closed
    after the test. The test runs once on each backend that has what its mark ``needs`` names.
    """
    with ExitStack() as views:

        def open_one(html: str = "<!doctype html><title>test</title>", **options: Any) -> WebView:
            if "url" not in options:
                options["html"] = html
            view = views.enter_context(WebView(**options))
            loaded = Recorder()
            view.on_loaded(loaded)
            view.show(wait=False)
            loaded.next()
            return view

        yield open_one


#: Of the fake host applications that there are, the names.
_HOSTS = {
    "maya": FakeMaya, "houdini": FakeHoudini, "nuke": FakeNuke, "blender": FakeBlender, "unreal": FakeUnreal,
}  # fmt: skip


@pytest.fixture
def fake_host() -> Iterator[Callable[..., FakeHost]]:
    """``fake_host("maya", batch=False, deaf=False, refuses=False)``: for the rest of the test this process is in that
    host application, with its main thread here. :meth:`~auroraview.testing.hosts.FakeHost.run` is the host's loop.
    """
    with ExitStack() as left:

        def enter(name: str, **faults: bool) -> FakeHost:
            if name not in _HOSTS:
                raise ValueError(f"there is no fake of {name!r}; there are: {', '.join(_HOSTS)}")
            host: FakeHost = left.enter_context(_HOSTS[name](**faults))
            return host

        yield enter


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    """A test that fails while windows are open leaves a picture of them."""
    outcome = yield
    report = outcome.get_result()
    fixtures = getattr(item, "funcargs", {})
    desktop = fixtures.get("auroraview_desktop")
    if report.when == "call" and report.failed and fixtures.get("auroraview_backend") == "engine":
        desktop = desktop or item._request.getfixturevalue("auroraview_desktop")  # type: ignore[attr-defined]
        if desktop is not None:
            report.sections.append(("auroraview", _save_screenshot(item, desktop)))


def _save_screenshot(item: pytest.Item, desktop: Desktop) -> str:
    """Where it is, or why there is none."""
    path = _folder(item.config) / f"{''.join(each if each.isalnum() else '-' for each in item.nodeid)[-150:]}.png"
    try:
        picture = desktop.screenshot()
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path)
    except ImportError:
        return "no screenshot: pip install pillow"
    except OSError as error:
        return f"no screenshot: {error}"
    return f"screenshot: {path}"


def _folder(config: pytest.Config) -> Path:
    """Beside the report that pytest writes, if it writes one."""
    report = getattr(config.option, "xmlpath", None)
    return Path(report).resolve().parent / "screenshots" if report else config.rootpath / "screenshots"
