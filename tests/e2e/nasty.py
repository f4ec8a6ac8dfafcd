"""Messages made to break something: what stands in them, and what is to become of each."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from schemas.claims import CLAIM_BY_OP
from schemas.json_schema import json_schemas
from tests.e2e.claims import Body, new_id
from tests.fuzz.seeds import NASTY_TEXTS
from tests.unit.schemas.examples import CLAIMS

MIB: Final = 1024 * 1024
NUMBERS: Final = ("2147483648", "9223372036854775808", "1e400", "1.0", "1e0", "true", '"1"', "-1", "null", "[1]")
NOT_GENERATIONS: Final = (str(2**53), *NUMBERS[1:])
UNSTORABLE: Final = ("a\x00b", "\ud800", "\udfff\ud800")


@dataclass(frozen=True, slots=True)
class Sent:
    """A body under a key; `fate` is the reason it is parked for, or the code it is refused with; `claim` its id."""

    what: str
    body: bytes
    key: str
    fate: str
    claim: str | None = None


def examples() -> Mapping[str, Body]:
    """The fullest valid claim of each op."""
    found: dict[str, Body] = {}
    for body in sorted(CLAIMS, key=lambda body: len(json.dumps(body))):
        found[body["op"]] = body
    return found


def text_paths(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where text stands in a message, the two fields that say what it is left out."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        if isinstance(value, str) and (*path, key) not in {("op",), ("claim_id",)}:
            yield (*path, key)
        yield from text_paths(value, (*path, key))


def number_paths(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where whole numbers stand; a seed may be one or text, so it is left out."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        if isinstance(value, int) and not isinstance(value, bool) and key not in {"seed", "preferred"}:
            yield (*path, key)
        if key != "preferred":
            yield from number_paths(value, (*path, key))


def with_value(body: Body, path: tuple[Any, ...], value: str) -> tuple[bytes, str]:
    """A copy with JSON put in at a place, and its claim id."""
    mark = "\u0001 here"
    copy = json.loads(json.dumps({**body, "claim_id": new_id()}))
    node = copy
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = mark
    return json.dumps(copy).replace(json.dumps(mark), value).encode(), copy["claim_id"]


def in_every_text_field(texts: tuple[str, ...]) -> Iterator[Sent]:
    """Each text of each op replaced by what no database stores: never accepted."""
    for op, body in examples().items():
        for path in text_paths(body):
            for text in texts:
                raw, claim = with_value(body, path, json.dumps(text))
                yield Sent(f"{op} {path} {text!r}", raw, op, "invalid_message", claim)


def in_every_key() -> Iterator[Sent]:
    """Each name of a field, class, trait, group or provider in each op replaced by what no database stores."""
    for op, body in examples().items():
        whole = json.dumps(body)
        for key in sorted({key for key in _keys(body) if key not in {"op", "claim_id", ""}}):
            claim = new_id()
            raw = whole.replace(f'"{key}":', '"a\\u0000\\ud800":').replace(body["claim_id"], claim)
            yield Sent(f"{op} {key}", raw.encode(), op, "invalid_message", claim)


def _keys(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from node
    for one in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _keys(one)


def in_every_number_field() -> Iterator[Sent]:
    """Each whole number of each op replaced by what is none, or too large."""
    for op, body in examples().items():
        for path in number_paths(body):
            for number in NOT_GENERATIONS if {"generation", "provider_generations"} & {*path} else NUMBERS:
                if number == "null" and path[-1] == "generation":
                    continue  # which says that a consumer holds nothing
                raw, claim = with_value(body, path, number)
                yield Sent(f"{op} {path} {number}", raw, op, "invalid_message", claim)


def hostile_in_every_text_field() -> Iterator[Sent]:
    """Each text of each op replaced by each hostile one: refused or accepted by what the field may hold."""
    for op, body in examples().items():
        for path in text_paths(body):
            for text in NASTY_TEXTS:
                raw, claim = with_value(body, path, json.dumps(text))
                yield Sent(f"{op} {path} {text!r}", raw, op, "decided", claim)


def unreadable() -> Iterator[Sent]:
    """What cannot be read at all, by why."""
    plain = json.dumps({"op": "trait.ensure", "claim_id": new_id(), "name": "CUSTOM_A"})
    bodies: dict[str, tuple[bytes, str]] = {
        "a byte over the limit": (plain.encode().ljust(MIB + 1), "too_large"),
        "nesting of 100,000": (b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "too_deep"),
        "NaN": (b'{"x":NaN}', "not_json"),
        "Infinity": (b'{"x":-Infinity}', "not_json"),
        "a number of 5,000 digits": (b'{"x":' + b"9" * 5_000 + b"}", "not_json"),
        "one key twice": (plain.replace('"op"', '"op":1,"op"', 1).encode(), "duplicate_key"),
        "one key twice, spelled differently": (b'{"a":1,"\\u0061":2}', "duplicate_key"),
        "a byte order mark": (b"\xef\xbb\xbf" + plain.encode(), "not_json"),
        "UTF-16": (plain.encode("utf-16"), "not_utf8"),
        "Latin-1": (plain.replace("CUSTOM_A", "\xe4").encode("latin-1"), "not_utf8"),
        "an overlong character": (b'{"x":"\xc0\xaf"}', "not_utf8"),
        "a surrogate in UTF-8": (b'{"x":"\xed\xa0\x80"}', "not_utf8"),
        "a raw NUL in a text": (b'{"x":"\x00"}', "not_json"),
        "a raw line feed in a text": (b'{"x":"\n"}', "not_json"),
        "nothing": (b"", "not_json"),
        "half a message": (plain.encode()[:40], "not_json"),
        "two messages": (plain.encode() * 2, "not_json"),
        "a list": (b"[]", "not_an_object"),
        "no claim id": (b"{}", "no_claim_id"),
        "a claim id that is none": (b'{"claim_id":"\\u001b[2J"}', "no_claim_id"),
    }
    for what, (body, reason) in bodies.items():
        yield Sent(what, body, "trait.ensure", reason)
    batch = {"op": "claims.batch", "claims": [], "\x1b[2J" * 100: 1}
    yield Sent("a batch of none", json.dumps(batch).encode(), "claims.batch", "not_a_batch")


def misfits() -> Iterator[Sent]:
    """What can be read and breaks the contract as a whole."""
    for op in ("", "no.such.op", "\x1b[2J", "Provider.Create", "provider.create "):
        claim = new_id()
        yield Sent(f"op {op!r}", json.dumps({"op": op, "claim_id": claim}).encode(), "x", "invalid_message", claim)
    for op, schema in json_schemas().items():
        if op in CLAIM_BY_OP and schema.get("required"):
            claim = new_id()
            yield Sent(f"{op} alone", json.dumps({"op": op, "claim_id": claim}).encode(), op, "invalid_message", claim)
            body = {**examples()[op], "claim_id": (other := new_id()), "\u202e\x1b[2J": {"__class__": 1}}
            yield Sent(f"{op} and more", json.dumps(body).encode(), op, "invalid_message", other)
