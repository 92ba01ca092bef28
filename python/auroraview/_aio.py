"""The event loop on which ``async def`` handlers run: one thread for the process, made when first needed."""

from __future__ import annotations

import threading
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Optional

from ._log import log

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import Future

_lock = threading.Lock()
_loop: Optional[asyncio.AbstractEventLoop] = None
_thread: Optional[threading.Thread] = None


def submit(coroutine: Coroutine[Any, Any, Any]) -> Future[Any]:
    """Runs a coroutine on our loop; the future may be cancelled from any thread."""
    import asyncio  # 35 ms that a tool without async handlers need not wait for

    return asyncio.run_coroutine_threadsafe(coroutine, _running_loop())


def is_own_thread() -> bool:
    """Whether this is the loop's thread, which must not wait for its own handlers."""
    return _thread is threading.current_thread()


def _running_loop() -> asyncio.AbstractEventLoop:
    global _loop, _thread
    import asyncio

    with _lock:
        if _loop is None:
            loop = asyncio.new_event_loop()
            thread = threading.Thread(target=_run, args=(loop,), name="auroraview-asyncio", daemon=True)
            thread.start()
            _loop, _thread = loop, thread
        return _loop


def _run(loop: asyncio.AbstractEventLoop) -> None:
    """Runs the loop until it is stopped. asyncio lets two exceptions of a handler end the loop of all others, too; the
    handler's own future has them by then."""
    ended = False
    while not ended:
        try:
            loop.run_forever()
            ended = True
        except (SystemExit, KeyboardInterrupt) as error:
            log().debug("an async handler raised %r", error)


def stop(timeout: float) -> None:
    """Ends the loop, if there is one: before finalisation begins, since no thread of ours may touch Python after it. A
    handler that does not let go of it keeps its thread; then it is left alone after ``timeout`` seconds."""
    loop, thread = _loop, _thread
    if loop is None or thread is None or thread is threading.current_thread():
        return
    loop.call_soon_threadsafe(loop.stop)
    thread.join(timeout)
    if thread.is_alive():
        log().warning("an async handler keeps the event loop of its thread; it is left behind")
    else:
        loop.close()


def forget_after_fork() -> None:
    """The loop's thread does not exist in a forked child."""
    global _loop, _thread, _lock
    _loop, _thread, _lock = None, None, threading.Lock()
