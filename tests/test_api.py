"""The Python side without a window: the public names, the options, the registries, the texts."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import auroraview
from auroraview import (
    InvalidDataError,
    NotYetError,
    PayloadTooLargeError,
    ViewOptions,
    WebView,
    _errors,
    _process,
    _rpc,
)
from auroraview._handlers import Listeners, Methods, arguments

ROOT = Path(__file__).parent.parent
GOLDEN = ROOT / "protocol" / "golden"

PUBLIC = """
AuroraViewError CancelledError Context Crash DeadlockDetectedError DrainError Encoding EvalTimeoutError EventLoopClosed
EventLoopError EventTimer InvalidDataError JavaScriptError NotShownError NotYetError PageGoneError PageStream
PayloadTooLargeError Powers ProcessorConfig QueueFull RestartPolicy
ScriptExecution ShutdownInProgressError Stats StreamingEmitter ThreadDispatchTimeoutError ThreadSafetyConfig
ThreadSafetyError Timeout UiProcessError UserError ViewOptions WebView WebViewLock WindowOperation __version__
ensure_main_thread hosts is_main_thread run_on_main_thread run_on_main_thread_sync warmup
""".split()


def golden(name: str) -> Any:
    return json.loads((GOLDEN / f"{name}.json").read_text())


def test_the_public_names_are_these() -> None:
    assert sorted(auroraview.__all__) == sorted(PUBLIC)
    # Where auroraview is installed, pytest loads it as a plugin and puts names with an @ into it.
    visible = [name for name in dir(auroraview) if not name.startswith(("_", "@"))]
    imported = {"testing", "utils"}  # packages that are there once somebody imports them
    assert sorted({*visible} - imported) == sorted(name for name in PUBLIC if not name.startswith("_"))


def test_the_imports_of_rfc_0002_work_in_any_order() -> None:
    source = """
from auroraview.utils.dcc_thread_safe import dcc_thread_safe_async
from auroraview.utils.thread_dispatcher import ThreadDispatcherBackend
from auroraview.utils import dcc_thread_safe
assert callable(dcc_thread_safe) and callable(dcc_thread_safe_async)
"""
    subprocess.run([sys.executable, "-c", source], env={"PYTHONPATH": "python"}, check=True)


def test_every_error_is_public_and_explained() -> None:
    classes = [each for each in vars(_errors).values() if isinstance(each, type) and issubclass(each, Exception)]
    assert {each.__name__ for each in classes} <= set(PUBLIC)
    assert all(each.__doc__ and issubclass(each, auroraview.AuroraViewError) for each in classes)


def test_import_loads_no_gui_library_and_needs_no_display() -> None:
    source = """
import auroraview
view = auroraview.WebView("x", html="<p>")
view.on("x", print); view.emit("x"); view.bind_call("api.x", print); view.close()
maps = open("/proc/self/maps").read().lower()
for library in ("libgtk", "libgdk", "webkit", "libx11", "libqt", "libglib"):
    assert library not in maps, library
"""
    subprocess.run([sys.executable, "-c", source], env={"PYTHONPATH": "python"}, check=True)


def test_the_ui_process_inherits_nothing_that_the_host_set_for_its_own_libraries(tmp_path: Path) -> None:
    of_host = dict.fromkeys(
        ["LD_LIBRARY_PATH", "PYTHONHOME", "QT_PLUGIN_PATH", "GTK_PATH", "GIO_MODULE_DIR", "GDK_SCALE"], "x"
    )
    of_user = {"DISPLAY": ":0", "HOME": "/h", "LANG": "C", "XDG_RUNTIME_DIR": str(tmp_path), "http_proxy": "p"}
    given = _process.environment({**of_host, **of_user, "AURORAVIEW_KEEP_ENV": "GDK_SCALE, LD_LIBRARY_PATH"})
    assert given.pop("AURORAVIEW_KEEP_ENV")
    assert given.pop("DBUS_SESSION_BUS_ADDRESS") == "disabled:"
    assert given == {**of_user, "GDK_SCALE": "x", "LD_LIBRARY_PATH": "x"}
    (tmp_path / "bus").touch()
    assert "DBUS_SESSION_BUS_ADDRESS" not in _process.environment(of_user)
    assert _process.environment({"DBUS_SESSION_BUS_ADDRESS": "b"}) == {"DBUS_SESSION_BUS_ADDRESS": "b"}


# ---- options ----


def test_options_have_the_fields_and_defaults_of_the_wire() -> None:
    """The same names in Rust (golden case, read by `ViewOptions` there) and in Python."""
    create = next(case for case in golden("commands") if case["method"] == "view/create")
    assert set(create["params"]) == set(ViewOptions._fields)
    rust = (ROOT / "crates/core/src/wire.rs").read_text()
    defaults = rust.split("impl Default for ViewOptions")[1].split("}\n    }")[0]
    for name, value in ViewOptions._field_defaults.items():
        spelled = {None: "None", True: "true", False: "false", (): "Vec::new()", "app": '"app".into()'}
        spelled["deny"] = "NewWindowMode::Deny"
        text = spelled.get(value, f"{value}") if not isinstance(value, float) else f"{value:.1f}"  # type: ignore[call-overload]
        assert f"{name}: {text}," in defaults, name


def test_every_option_is_used_by_the_ui_process() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "crates/ui/src").rglob("*.rs"))
    assert [name for name in ViewOptions._fields if f"options.{name}" not in sources] == []


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"widht": 3}, TypeError, "did you mean width"),
        ({"nonsense": 3}, TypeError, "there are: "),
        ({"remote_debugging_port": 9222}, NotYetError, "later version; until then: use debug=True"),
        ({"tool_window": True}, NotYetError, "a view with a parent is one"),
        ({"parent": "main"}, TypeError, "native window handle"),
        ({"parent": True}, TypeError, "native window handle"),
        ({"parent": 0}, ValueError, "no native window handle"),
        ({"parent": -5}, ValueError, "no native window handle"),
        ({"dcc_mode": "yes"}, ValueError, "True, False or 'auto'"),
        ({"width": "800"}, TypeError, "width must be float, not str"),
        ({"width": True}, TypeError, "width"),
        ({"width": 0}, ValueError, "positive"),
        ({"title": 5}, TypeError, "title must be str"),
        ({"debug": 1}, TypeError, "debug must be bool"),
        ({"x": 5}, ValueError, "go together"),
        ({"background_color": "red"}, ValueError, "#rrggbb"),
        ({"app_id": "Not Good"}, ValueError, "app_id"),
        ({"asset_root": "/does/not/exist"}, FileNotFoundError, "/does/not/exist"),
        ({"asset_root": __file__}, NotADirectoryError, "not a folder"),
        ({"allowed_origins": "http://x"}, TypeError, "list"),
        ({"allowed_origins": ["http://x/path"]}, ValueError, "no exact origin"),
        ({"allowed_origins": ["*"]}, ValueError, "no exact origin"),
        ({"allowed_origins": ["https://*.example.com"]}, ValueError, "no exact origin"),
        ({"url": "http://x", "html": "x"}, ValueError, "not both"),
        ({"url": "no address"}, ValueError, "no address"),
        ({"url": "file:///etc/passwd"}, ValueError, "load_file"),
        ({"url": "javascript:alert(1)"}, ValueError, "no address"),
    ],
)
def test_bad_options_say_what_is_wrong(options: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        WebView(**options)


def test_options_are_frozen() -> None:
    options = ViewOptions.build({"title": "x", "asset_root": Path("/tmp"), "width": 300})
    assert (options.asset_root, options.width) == ("/tmp", 300)
    with pytest.raises(AttributeError):
        options.title = "y"  # type: ignore[misc]


# ---- texts ----


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), 1j, 2**53, -(2**53), {"a": [2**60]}])
def test_what_json_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(InvalidDataError), WebView() as view:
        view.emit("x", value)


def test_cycles_depth_files_and_size_are_explained() -> None:
    cycle: dict[str, Any] = {}
    cycle["self"] = cycle
    deep: list[Any] = []
    for _ in range(64):
        deep = [deep]
    bottomless: list[Any] = []
    for _ in range(100_000):
        bottomless = [bottomless]
    with open(__file__) as file:
        for value, words in [(cycle, "cycle"), (deep, "64 levels"), (bottomless, "64 levels"), (file, "TextIOWrapper")]:
            with pytest.raises(InvalidDataError, match=words):
                _rpc.encode(value)
    with pytest.raises(PayloadTooLargeError, match="16 MiB"):
        _rpc.encode("x" * (17 << 20))
    assert _rpc.encode(deep[0]).count("[") == 64


def test_lone_surrogates_travel_escaped() -> None:
    assert json.loads(_rpc.encode(["\ud800", "🎈"])) == ["\ud800", "🎈"]


def test_the_messages_of_a_page_are_the_golden_ones() -> None:
    """What Python writes and reads are the cases that the bridge's tests read, too."""
    written = 0
    for case in golden("page_messages")["cases"]:
        message = _rpc.decode(case["body"])
        for member in ("method", "params", "result", "error"):
            assert (member in message) == (member in case), case["name"]
            if member in case:
                assert message[member] == json.loads(case[member]), case["name"]
        assert message.get("id") == case.get("id")
        if case["from"] == "host" and "error" not in case:
            again = (
                _rpc.result(message["id"], message["result"])
                if "result" in message
                else _rpc.notification(message["method"], message.get("params", _rpc.ABSENT))
            )
            assert isinstance(again, bytes), "nothing but text"
            assert json.loads(again) == message, case["name"]
            written += 1
    assert written > 10


def test_error_codes_are_those_of_the_protocol() -> None:
    table = (ROOT / "protocol/README.md").read_text().split("| code | number |")[1]
    documented = dict(
        (row.split("`")[1], int(row.split("|")[2])) for row in table.split("\n\n")[0].splitlines() if "`" in row
    )
    assert _rpc.CODES.items() <= documented.items()
    typescript = (ROOT / "sdk/src/error-numbers.ts").read_text()
    assert all(code in typescript for code in documented)
    rust = (ROOT / "crates/core/src/wire/error.rs").read_text()
    numbers = {line.split("=>")[1].strip(" ,") for line in rust.splitlines() if "=> -32" in line}
    assert numbers <= {str(number) for number in documented.values()}


# ---- registries ----


def test_listeners_may_change_from_many_threads() -> None:
    listeners = Listeners()
    stop = threading.Event()

    def churn() -> None:
        while not stop.is_set():
            listeners.remove("n", listeners.add("n", print))

    threads = [threading.Thread(target=churn) for _ in range(3)]
    for thread in threads:
        thread.start()
    kept = listeners.add("n", len)
    taken = [listeners.take("n") for _ in range(2000)]
    stop.set()
    for thread in threads:
        thread.join()
    assert kept and all(len in snapshot for snapshot in taken)
    assert listeners.take("n") == [len]


def test_a_listener_for_one_time_is_taken_by_one_thread_only() -> None:
    for _ in range(200):
        listeners = Listeners()
        listeners.add("n", print, once=True)
        with ThreadPoolExecutor(3) as pool:
            taken = [pool.submit(listeners.take, "n") for _ in range(3)]
        assert sum(len(each.result()) for each in taken) == 1


def test_arguments_follow_the_shape() -> None:
    assert arguments(_rpc.ABSENT) == ([], {})
    assert arguments({"a": 1}) == ([], {"a": 1})
    assert arguments([1, 2]) == ([1, 2], {})
    assert arguments(None) == ([None], {})
    assert arguments("text") == (["text"], {})


def test_namespaces_are_first_parts_of_names() -> None:
    methods = Methods()
    for name in ["api.add", "api.sub", "scene.deep.er", "plain"]:
        methods.bind(name, print, True)
    assert methods.namespaces() == ["api", "scene"]
    assert methods.similar("api.ad") == "api.add"


def test_a_closed_view_that_was_never_shown_refuses() -> None:
    with WebView() as view:
        view.close()
        with pytest.raises(auroraview.ShutdownInProgressError):
            view.emit("x")
