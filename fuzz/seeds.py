"""Writes fuzz/corpus: what the fuzzers start from. The golden cases of the wire, and edges that somebody thought of."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

HERE = Path(__file__).parent
GOLDEN = HERE.parent / "protocol" / "golden"
NONCE = "0123456789abcdef0123456789abcdef"
MAX_DEPTH = 64


def golden(name: str) -> list[dict[str, object]]:
    cases = json.loads((GOLDEN / f"{name}.json").read_text())
    return cases if isinstance(cases, list) else cases["cases"]


def frame(header: bytes, body: bytes) -> bytes:
    total = len(header) + len(body) + 8
    return b"".join(
        [total.to_bytes(4, "little"), len(header).to_bytes(4, "little"), header, len(body).to_bytes(4, "little"), body]
    )


def frames() -> list[bytes]:
    whole = [bytes.fromhex(str(case["hex"])) for case in golden("frames")]
    edges = [
        b"".join(whole),
        frame(b"{}", b""),
        frame(b'{"view":1,"kind":"notify","later":[1]}', b"{}") + b"\x01",
        whole[0][:-1],
        whole[0][:-3] + b"\xff" + whole[0][-2:],
        b"\xff\xff\xff\xff",
        b"\x64\0\0\0\xc8\0\0\0",
        b"\x08\0\0\0\0\0\0\0\0\0\0\0",
        frame(b'{"view":1,"doc":2,"kind":"chunk","id":3}', b"\xff\xfe"),
        frame(b'{"view":1,"kind":"notify","att":[3,18446744073709551615],"coalesce":9}', b"{}"),
        frame(b'{"view":1,"kind":"notify","att":[' + b"1," * 2000 + b"1]}", b"{}"),
    ]
    return [bytes([size]) + each for each in whole + edges for size in (1, 7)]


def messages() -> list[bytes]:
    return [json.dumps(case).encode() for name in ("commands", "notices") for case in golden(name)]


def texts() -> list[bytes]:
    return [
        b"[" * MAX_DEPTH + b"]" * MAX_DEPTH,
        b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
        b"[9007199254740991,-9007199254740991,9007199254740992]",
        b'["\\"[[[",{"a\\\\":1e400},-0.0,12345678901234567.5]',
        b'"\\',
        b"-" * 20,
    ]


def utf8() -> list[bytes]:
    edges = ["你好，世界", "👩\u200d👩\u200d👧\u200d👦 🇩🇪", "naïve café", "\ufffd"]
    invalid = [b"\xe4\xbd!", b"\x80x", b"\xc0\xaf", b"\xed\xa0\x80", b"ok\xf0\x9f", b"\xf4\x90\x80\x80"]
    return [bytes(sizes) + each for each in [*map(str.encode, edges), *invalid] for sizes in ([1] * 8, [*range(8)])]


def posts() -> list[bytes]:
    lines = [str(case["line"]) for case in golden("page_lines")]
    edges = ["", "x 1 {}", "q {}", "q -1 {}", "q 1", "q 99999999999999999999 {}", "n 0  "]
    edges += ["q 7+3+4 {}", "q 7+ {}", "q +7 {}", "n 0+18446744073709551615 {}", "c 0+x {}"]
    edges += [f"r 7{'+12345678901' * 255} {{}}", f"r 7{'+12345678901' * 256} {{}}"]
    first = f"s3cret {NONCE} 12\n"
    starts = [b"", b"\n", b"s short 0\n", f"s {NONCE}\n".encode(), f"s {NONCE} -1\n".encode(), first.encode()]
    return [(first + line).encode() for line in [*lines, *edges, "".join(lines)]] + starts


def main() -> None:
    headers = [json.dumps(case["header"]).encode() for case in golden("frames")]
    headers += [b'{"view":1,"kind":"chunk","id":2}', b'{"view":1,"kind":"notify","att":null}']
    headers += [b'{"view":1,"kind":"request","id":1,"att":[1,-1]}', b'{"view":1,"kind":"notify","att":[]}']
    headers += [b"{}", b'{"view":4294967296,"kind":"notify"}', b'{"view":1,"kind":"request","id":18446744073709551615}']
    targets = {"frame": frames(), "header": headers, "json": texts(), "wire": messages()}
    targets |= {"utf8": utf8(), "post": posts()}
    shutil.rmtree(HERE / "corpus", ignore_errors=True)
    for target, seeds in targets.items():
        (HERE / "corpus" / target).mkdir(parents=True)
        for number, seed in enumerate(seeds):
            (HERE / "corpus" / target / f"{number:03}").write_bytes(seed)


if __name__ == "__main__":
    main()
