"""JSON-RPC texts (``protocol/README.md`` section 4): the one place where Python data becomes text and back."""

from __future__ import annotations

import json
from typing import Any, Callable, Optional

from . import _core, _ext
from ._errors import (
    AuroraViewError,
    CancelledError,
    InvalidDataError,
    JavaScriptError,
    PageGoneError,
    PayloadTooLargeError,
    ShutdownInProgressError,
    UserError,
)

#: Stands for data that is not there; None is JSON's null.
ABSENT: Any = type("Absent", (), {"__repr__": lambda self: "ABSENT"})()

#: JSON-RPC's number of each code that Python sends.
CODES = {
    "INVALID_REQUEST": -32600,
    "METHOD_NOT_FOUND": -32601,
    "INVALID_ARGUMENTS": -32602,
    "EXECUTION_ERROR": -32000,
    "INVALID_DATA": -32001,
    "TOO_LARGE": -32002,
    "PERMISSION_DENIED": -32004,
    "CANCELLED": -32800,
}

# Made once: json.dumps makes an encoder for every call that has options.
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_ext.spot).encode
_encode_escaped = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"), default=_ext.spot).encode
# What json.loads does at last, without what it asks before: 28 to 66 % of its time for a small message (timeit, 3.11).
_read = json.JSONDecoder().raw_decode
#: Room for what surrounds the data of a message.
_ENVELOPE = 1024


def encode(data: Any) -> str:
    """JSON text of ``data``, as it is: nothing is wrapped, nothing is converted silently.

    Raises:
        InvalidDataError: JSON, or JavaScript, has no word for it.
        PayloadTooLargeError: The text is over 16 MiB.
    """
    return plain(data).decode()


def plain(data: Any) -> bytes:
    """The same as UTF-8: what everybody can read who knows no ``ext``."""
    try:
        return _raw(data)
    except _ext.Unwritable:
        raise InvalidDataError("bytes can be sent as data of an event and as arguments and results only") from None


def _raw(data: Any) -> bytes:
    """The same as UTF-8; :class:`_ext.Unwritable` if there are bytes in it."""
    try:
        raw = _written(_encode, data).encode()
    except UnicodeEncodeError:  # a lone surrogate: valid in JSON, but only escaped
        raw = _written(_encode_escaped, data).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidDataError(_explain(error)) from None
    if len(raw) > _core.MAX_BODY - _ENVELOPE:
        raise PayloadTooLargeError(
            f"the data is {len(raw)} bytes as JSON; one message may have 16 MiB. Send it in pieces, or as bytes"
        )
    _core.check_json(raw)
    return raw


def _message(head: str, data: Any, end: str = "}") -> _ext.Body:
    """A message that begins with the text ``head``, goes on with ``data``, and ends there."""
    if not _ext.holds_long_text(data):
        try:
            return b"".join((head.encode(), _raw(data), end.encode()))
        except _ext.Unwritable:
            pass  # there are bytes in it
    found = _ext.Extraction()
    try:
        stripped = found.strip(data)
    except (TypeError, RecursionError) as error:
        raise InvalidDataError(_explain(error)) from None
    return b"".join((head.encode(), _raw(stripped), found.ext().encode(), end.encode())), found.attachments


def params(data: Any) -> _ext.Body:
    """The params of a request, whose envelope the extension writes."""
    return _message("", data, "")


def _written(encode: Callable[[Any], str], data: Any) -> str:
    try:
        return encode(data)
    except TypeError as error:
        if "keys must be" not in str(error):
            raise
    from ._contract import schema  # only for who has an Enum among the keys

    return encode(schema.plain(data))


def _explain(error: Exception) -> str:
    text = str(error)
    if isinstance(error, RecursionError):
        return "the data is nested deeper than 64 levels"
    if "Circular" in text:
        return "the data contains itself (a cycle), which JSON cannot hold"
    if "Out of range float" in text:
        return f"JSON has no NaN and no Infinity ({text}); send None or a string"
    return f"JSON cannot hold this data: {text}"


def decode(text: str) -> Any:
    """The message of a text from the page or the UI process.

    Raises:
        ValueError, RecursionError: It is none.
    """
    try:
        message, end = _read(text)
        if end == len(text):
            return message
    except ValueError:
        if text.startswith(_core.TOO_DEEP):
            raise ValueError("it is nested deeper than 64 levels") from None
    return json.loads(text)


def check_name(name: str) -> str:
    """Refuses what cannot be an event or method name."""
    if not isinstance(name, str):
        raise TypeError(f"a name must be str, not {type(name).__name__}")
    if not name or len(name) > 1024:
        raise ValueError("a name must have between 1 and 1024 characters")
    if name.startswith("$/"):
        raise ValueError(f"{name!r}: names that begin with $/ are reserved")
    return name


#: Members of the page's ``auroraview`` and of every JavaScript object: no namespace can be called so.
TAKEN = frozenset(
    (
        "call handle on once off send_event drained whenReady isReady setConfig state markBackendUnhealthy "
        "markBackendHealthy clearAllPendingCalls native then toJSON toString valueOf"
    ).split()
)


def check_method(name: str) -> str:
    """Refuses a method whose namespace the page could not show."""
    first = check_name(name).split(".", 1)[0]
    if "." in name and first in TAKEN:
        raise ValueError(f"{name!r}: the page's auroraview.{first} means something else; choose another namespace")
    return name


def command(method: str, params: Any) -> bytes:
    """A notification for the UI process."""
    return b"".join((f'{_begun(method)},"params":'.encode(), plain(params), b"}"))


def notification(method: str, params: Any = ABSENT) -> _ext.Body:
    """A notification for the page."""
    head = _begun(method)
    return f"{head}}}".encode() if params is ABSENT else _message(f'{head},"params":', params)


def _begun(method: str) -> str:
    return f'{{"jsonrpc":"2.0","method":{json.dumps(method)}'


def result(request_id: int, value: Any) -> _ext.Body:
    return _message(f'{{"jsonrpc":"2.0","id":{request_id},"result":', value)


def error(request_id: int, code: str, message: str, **data: Any) -> bytes:
    body = {"code": CODES.get(code, CODES["EXECUTION_ERROR"]), "message": message, "data": {"code": code, **data}}
    return f'{{"jsonrpc":"2.0","id":{request_id},"error":{encode(body)}}}'.encode()


def error_of(request_id: int, exception: BaseException, debug: bool) -> bytes:
    """The answer to a request whose handler raised. The traceback travels only in debug."""
    extra: dict[str, Any] = {"name": type(exception).__name__}
    code = "EXECUTION_ERROR"
    if isinstance(exception, UserError):
        code = exception.code
        if exception.data is not None:
            extra["data"] = exception.data
    elif isinstance(exception, PayloadTooLargeError):
        code = "TOO_LARGE"
    elif isinstance(exception, CancelledError):
        code = "CANCELLED"
    elif isinstance(exception, InvalidDataError):
        code = "INVALID_DATA"
    if debug:
        extra["traceback"] = traceback_of(exception)
    message = str(exception) or type(exception).__name__
    try:
        return error(request_id, code, message, **extra)
    except InvalidDataError as problem:  # data that the raiser attached
        extra.pop("data", None)
        return error(request_id, code, f"{message} (its data was dropped: {problem})", **extra)


def traceback_of(exception: BaseException) -> str:
    import traceback  # only for who has something to trace

    return "".join(traceback.format_exception(type(exception), exception, exception.__traceback__))


#: Longest part of a script that an error message shows, in characters.
_PREVIEW = 100


def preview(script: str) -> str:
    """The beginning of a script, for messages to people."""
    return script if len(script) <= _PREVIEW else script[:_PREVIEW] + "..."


def exception_of(answer: dict[str, Any], script: str = "") -> Optional[Exception]:
    """The exception that the answer of the UI process to a script, or that of a function of the page, stands for, or
    None."""
    failure = answer.get("error")
    if failure is None:
        return None
    data = failure.get("data") or {}
    message = failure.get("message", "")
    code = data.get("code")
    if code == "NAVIGATED":
        return PageGoneError(message)
    if code == "CLOSED":
        return ShutdownInProgressError(message)
    if code == "TOO_LARGE":
        return PayloadTooLargeError(message)
    if code == "EXECUTION_ERROR":
        error = JavaScriptError(message, data.get("name", "Error"), data.get("stack"))
        error.script_preview = preview(script)
        return error
    if code == "INVALID_DATA":
        return InvalidDataError(message)
    return AuroraViewError(f"{code}: {message}")
