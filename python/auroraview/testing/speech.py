"""How a page is told what to do: in JavaScript, or in steps. Both make texts for ``eval_js``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Optional, Protocol

from .._rpc import ABSENT

if TYPE_CHECKING:
    from .._view import WebView


def without_bytes(data: Any) -> Any:
    """The same data with ``{"$bytes": "<hex>"}`` for bytes."""
    if isinstance(data, (bytes, bytearray, memoryview)):
        return {"$bytes": bytes(data).hex()}
    if isinstance(data, dict):
        return {name: without_bytes(value) for name, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [without_bytes(value) for value in data]
    return data


def with_bytes(data: Any) -> Any:
    """The other way round."""
    if isinstance(data, dict):
        if data.keys() == {"$bytes"}:
            return bytes.fromhex(data["$bytes"])
        return {name: with_bytes(value) for name, value in data.items()}
    if isinstance(data, list):
        return [with_bytes(value) for value in data]
    return data


class Speech(Protocol):
    """One language."""

    def call(self, name: str, params: Any, number: int) -> str: ...
    def collect(self, name: str, params: Any, number: int, most: Optional[int]) -> str: ...
    def cancel(self, number: int) -> str: ...
    def event(self, name: str, data: Any) -> str: ...
    def listen(self, name: str, number: int) -> str: ...
    def heard(self, name: str, number: int) -> str: ...
    def rest(self, name: str, number: int) -> str: ...
    def data(self, told: Any) -> Any: ...
    def offer(self, name: str, value: Any) -> str: ...
    def state(self, values: dict[str, Any], delete: list[str]) -> str: ...
    def error(self, told: dict[str, Any]) -> dict[str, Any]: ...
    def waits_for(self, view: WebView) -> str: ...


class Steps:
    """For pages of the headless backend."""

    def call(self, name: str, params: Any, number: int) -> str:
        return self.collect(name, params, number, None)

    def collect(self, name: str, params: Any, number: int, most: Optional[int]) -> str:
        step: dict[str, Any] = {"call": name, "id": number}
        if params is not ABSENT:
            step["params"] = without_bytes(params)
        if most is not None:
            step["most"] = most
        return json.dumps(step)

    def cancel(self, number: int) -> str:
        return json.dumps({"send": {"method": "$/cancelRequest", "params": {"id": number}}})

    def event(self, name: str, data: Any) -> str:
        return json.dumps({"event": name} if data is ABSENT else {"event": name, "data": without_bytes(data)})

    def listen(self, name: str, number: int) -> str:
        return self.rest(name, number)  # the page keeps all that comes; what came before was not listened to

    def heard(self, name: str, number: int) -> str:
        return json.dumps({"expect": {"method": name}})

    def rest(self, name: str, number: int) -> str:
        return json.dumps({"take": {"method": name}})

    def data(self, told: Any) -> Any:
        return told.get("params", {})

    def offer(self, name: str, value: Any) -> str:
        answer = {"id": {"$from": "/id"}, "result": without_bytes(value)}
        return json.dumps({"on": {"method": name}, "do": [{"send": answer}]})

    def state(self, values: dict[str, Any], delete: list[str]) -> str:
        return json.dumps({"state": {"set": values, "delete": delete}})

    def error(self, told: dict[str, Any]) -> dict[str, Any]:
        error = told["error"]
        return {**error.get("data", {}), "message": error["message"]}

    def waits_for(self, view: WebView) -> str:
        return f"; the page's steps wait for {view.eval_js_sync(json.dumps({'waiting': {}}))}"


#: Bytes as in :func:`without_bytes`, and what a promise is rejected with.
_PRELUDE = """
const hex = bytes => Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
const each = (data, change) => Array.isArray(data) ? data.map(change) : data && typeof data === 'object'
    ? Object.fromEntries(Object.entries(data).map(([name, value]) => [name, change(value)])) : data;
const strip = data => data instanceof Uint8Array ? {$bytes: hex(data)} : each(data, strip);
const fill = data => typeof data?.$bytes === 'string'
    ? Uint8Array.from(data.$bytes.match(/../g) ?? [], byte => parseInt(byte, 16)) : each(data, fill);
const told = ({name, code, message, data, traceback}) => ({name, code, message, data: strip(data), traceback});
const books = (globalThis.$testing ??= {});
"""


class JavaScript:
    """For pages of the web engine."""

    def _function(self, body: str) -> str:
        return f"(async () => {{{_PRELUDE}{body}}})()"

    def _data(self, data: Any) -> str:
        """An expression. By way of a text: in an object literal ``__proto__`` would be no name."""
        return "undefined" if data is ABSENT else f"fill(JSON.parse({json.dumps(json.dumps(without_bytes(data)))}))"

    def _called(self, name: str, params: Any, number: int) -> str:
        return f"""
            const stop = books[{number}] = new AbortController();
            const call = auroraview.call({json.dumps(name)}, {self._data(params)}, {{signal: stop.signal, timeout: 0}});
        """

    def call(self, name: str, params: Any, number: int) -> str:
        return self._function(f"""{self._called(name, params, number)}
            try {{ return {{result: strip(await call)}} }} catch (error) {{ return {{error: told(error)}} }}""")

    def collect(self, name: str, params: Any, number: int, most: Optional[int]) -> str:
        return self._function(f"""{self._called(name, params, number)}
            const items = [];
            try {{
                for await (const item of call) {{
                    items.push(strip(item));
                    if (items.length === {json.dumps(most)}) break;
                }}
                return {{items}};
            }} catch (error) {{ return {{items, error: told(error)}} }}""")

    def cancel(self, number: int) -> str:
        return self._function(f"books[{number}].abort()")

    def event(self, name: str, data: Any) -> str:
        return self._function(f"auroraview.send_event({json.dumps(name)}, {self._data(data)})")

    def listen(self, name: str, number: int) -> str:
        return self._function(f"""
            const heard = books[{number}] = {{items: [], wake: null}};
            auroraview.on({json.dumps(name)}, data => {{ heard.items.push(strip(data)); heard.wake?.(); }});""")

    def heard(self, name: str, number: int) -> str:
        return self._function(f"""
            const heard = books[{number}];
            if (!heard) throw new Error('the document that listened is gone');
            while (!heard.items.length) await new Promise(done => {{ heard.wake = done; }});
            return heard.items.shift();""")

    def rest(self, name: str, number: int) -> str:
        return self._function(f"return books[{number}].items.splice(0)")

    def data(self, told: Any) -> Any:
        return told

    def offer(self, name: str, value: Any) -> str:
        return self._function(f"auroraview.handle({json.dumps(name)}, () => {self._data(value)})")

    def state(self, values: dict[str, Any], delete: list[str]) -> str:
        change = "".join(f"change[{json.dumps(name)}] = undefined;" for name in delete)
        return self._function(f"""
            const state = auroraview.state, change = {self._data(values)};
            {change}
            if (Object.keys(change).length) state.update(change);
            return Object.fromEntries([...state.keys()].map(name => [name, state.get(name)]));""")

    def error(self, told: dict[str, Any]) -> dict[str, Any]:
        error: dict[str, Any] = told["error"]
        return error

    def waits_for(self, view: WebView) -> str:
        return ""
