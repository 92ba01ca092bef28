"""A Qt application of a tool's author, for tests/qt/test_threads.py: the arguments name what it does, and it prints
what it saw as JSON.

    python qt_threads_app.py PySide6 stream
"""

from __future__ import annotations

import importlib
import json
import sys
import threading
from typing import Any, Callable

NAME, SCENARIO = sys.argv[1:3]
QtCore = importlib.import_module(f"{NAME}.QtCore")
QtGui = importlib.import_module(f"{NAME}.QtGui")
QtWidgets = importlib.import_module(f"{NAME}.QtWidgets")
MAIN = threading.get_ident()
PATIENCE = 20.0


def run(app: Any) -> None:
    (app.exec if hasattr(app, "exec") else app.exec_)()


def finish(result: Any) -> None:
    print(json.dumps(result), flush=True)
    QtWidgets.QApplication.instance().quit()


def stream(app: Any, auroraview: Any) -> None:
    """The host's posted events, timers and keys, while a page streams and calls."""
    seen: dict[str, list[int]] = {"posted": [], "timer": [], "keys": []}
    threads: set[int] = set()
    kind = QtCore.QEvent.Type(QtCore.QEvent.registerEventType())

    class Receiver(QtWidgets.QWidget):  # type: ignore[name-defined,misc]
        def event(self, event: Any) -> bool:
            if event.type() == kind:
                seen["posted"].append(event.number)
            return bool(super().event(event))

        def keyPressEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
            seen["keys"].append(int(event.text()))

    class Numbered(QtCore.QEvent):  # type: ignore[name-defined,misc]
        def __init__(self, number: int) -> None:
            super().__init__(kind)
            self.number = number

    receiver, timer = Receiver(), QtCore.QTimer()
    view = auroraview.WebView(html="<p>", dcc_mode=True)
    events: list[int] = []

    @view.bind_call("numbers")
    def numbers(count: int) -> Any:
        threads.add(threading.get_ident())
        yield from range(count)

    @view.bind_call("add")
    def add(a: int, b: int) -> int:
        threads.add(threading.get_ident())
        return a + b

    view.on("event", events.append)
    keys = QtCore.Qt.Key

    def tick() -> None:
        number = len(seen["timer"])
        seen["timer"].append(number)
        QtCore.QCoreApplication.postEvent(receiver, Numbered(number))
        press = QtCore.QEvent.Type.KeyPress
        none = QtCore.Qt.KeyboardModifier.NoModifier
        QtCore.QCoreApplication.postEvent(receiver, QtGui.QKeyEvent(press, keys.Key_0, none, str(number)))

    def done(value: Any, error: Any) -> None:
        timer.stop()
        QtCore.QTimer.singleShot(50, lambda: end(value, repr(error)))

    def end(value: Any, error: str) -> None:
        in_order = events == list(range(500))
        result = {**seen, "value": value, "error": error, "events": in_order, "on_main": threads == {MAIN}}
        view.on_closed(lambda reason: finish(result))
        view.close()

    def go(url: str) -> None:
        timer.timeout.connect(tick)
        timer.start(1)
        view.eval_js_async(
            """(async () => {
                let sum = 0, calls = 0;
                for (let n = 0; n < 500; n++) auroraview.send_event('event', n);
                for await (const n of auroraview.call('numbers', 2000)) sum += n;
                for (let n = 0; n < 300; n++) calls += await auroraview.call('add', [n, 1]);
                return [sum, calls];
            })()""",
            done,
            1000 * PATIENCE,
        )

    view.on_loaded(go)
    view.show()
    run(app)


def functions(app: Any, auroraview: Any) -> None:
    """Functions from workers, the first one before the main thread ever met us; nested loops; errors; ends."""
    result: dict[str, Any] = {}

    def dialog() -> bool:
        """Runs the host's loop inside of itself, and needs a function from a worker to leave it."""
        loop = QtCore.QEventLoop()
        threading.Thread(target=lambda: auroraview.run_on_main_thread_sync(loop.quit)).start()
        (loop.exec if hasattr(loop, "exec") else loop.exec_)()
        return True

    def work() -> None:
        result["main"] = auroraview.run_on_main_thread_sync(threading.get_ident) == MAIN
        result["is_main"] = auroraview.is_main_thread()
        order: list[int] = []
        for n in range(5000):
            auroraview.run_on_main_thread(order.append, n)
        auroraview.run_on_main_thread_sync(int)
        result["order"] = order == list(range(5000))
        result["dialog"] = auroraview.run_on_main_thread_sync(dialog)
        try:
            auroraview.run_on_main_thread_sync(lambda: 1 // 0)
        except ZeroDivisionError:
            result["raised"] = True
        auroraview.run_on_main_thread(exit_anyway)
        auroraview.run_on_main_thread(finish, result)

    def exit_anyway() -> None:
        raise SystemExit(3)

    threading.Thread(target=work).start()
    run(app)


def quits(app: Any, auroraview: Any) -> None:
    """The application ends with a view open, a call in flight and a worker that waits for its page."""
    view = auroraview.WebView(html="<p>", dcc_mode=True)

    def go(url: str) -> None:
        view.eval_js_async("new Promise(() => {})", lambda value, error: print(type(error).__name__, flush=True), 1e6)
        QtCore.QTimer.singleShot(0, app.quit)

    view.on_loaded(go)
    view.on_closed(lambda reason: print("closed", flush=True))
    view.show()
    run(app)


def hold(app: Any, auroraview: Any) -> None:
    """A handler opens a dialog of the host; the page goes on calling."""
    view = auroraview.WebView(html="<p>", dcc_mode=True)
    inside: list[bool] = []

    @view.bind_call("dialog")
    def dialog() -> list[bool]:
        loop = QtCore.QEventLoop()
        view.bind_call("leave", lambda: [inside.append(threading.get_ident() == MAIN), loop.quit()][1])
        (loop.exec if hasattr(loop, "exec") else loop.exec_)()
        return inside

    script = "Promise.all([auroraview.call('dialog'), auroraview.call('later'), auroraview.call('leave')])"
    view.bind_call("later", lambda: "later")
    view.bind_call("leave", lambda: None)

    def done(value: Any, error: Any) -> None:
        view.on_closed(lambda reason: finish({"value": value, "error": repr(error)}))
        view.close()

    view.on_loaded(lambda url: view.eval_js_async(script, done, 1000 * PATIENCE))
    view.show()
    run(app)


def main() -> None:
    app = QtWidgets.QApplication(["host"])
    import auroraview

    scenarios: dict[str, Callable[[Any, Any], None]] = {
        each.__name__: each for each in (stream, functions, quits, hold)
    }
    scenarios[SCENARIO](app, auroraview)


main()
