"""Bytes to a JSON object, strictly: what cannot be read at all ends here, before any model is asked."""

import hashlib
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, TypeVar

from pydantic_core import PydanticCustomError

from schemas.text import canonical_uuid

BODY_BYTES_MAX: Final = 1024 * 1024
NESTING_MAX: Final = 32

_OPENERS = (b"{", b"[")

Decoded = TypeVar("Decoded")


class UnreadableReason(StrEnum):
    """Why a body cannot be read at all."""

    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    TOO_DEEP = "too_deep"
    DUPLICATE_KEY = "duplicate_key"
    NOT_AN_OBJECT = "not_an_object"
    NO_CLAIM_ID = "no_claim_id"
    NOT_A_BATCH = "not_a_batch"


class Unreadable(ValueError):
    """The body cannot be read; `detail` is one sentence for people."""

    def __init__(self, reason: UnreadableReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Unreadable(UnreadableReason.DUPLICATE_KEY, "an object has the same key twice")
    return members


def _no_constant(name: str) -> float:
    raise Unreadable(UnreadableReason.NOT_JSON, f"{name} is not a JSON number")


_READER: Final = json.JSONDecoder(object_pairs_hook=_unique, parse_float=Decimal, parse_constant=_no_constant)


strict: Final = _READER.decode
"""Any JSON, numbers with a point or an exponent as Decimal; for `decoded`, which tells what is wrong."""
strict_at: Final = _READER.raw_decode
"""The same from a place in a text on, with the place where it ends."""


def read_object(body: bytes, limit_bytes: int = BODY_BYTES_MAX) -> dict[str, Any]:
    """The JSON object in the body, numbers with a point or an exponent as Decimal; raises Unreadable alone."""
    return object_of(decoded(body, strict, limit_bytes), body)


def object_of(parsed: Any, body: bytes) -> dict[str, Any]:
    """What was read from `body`, if it is an object and not too deep; raises Unreadable alone."""
    if not isinstance(parsed, dict):
        raise Unreadable(UnreadableReason.NOT_AN_OBJECT, "the body is JSON but not an object")
    if sum(map(body.count, _OPENERS)) > NESTING_MAX and _deeper_than(NESTING_MAX, parsed):
        raise Unreadable(UnreadableReason.TOO_DEEP, f"nested deeper than {NESTING_MAX}")
    return parsed


def decoded(body: bytes, read: Callable[[str], Decoded], limit_bytes: int = BODY_BYTES_MAX) -> Decoded:
    """What `read` makes of the text of the body; what it stumbles over is raised as Unreadable."""
    if len(body) > limit_bytes:
        raise Unreadable(UnreadableReason.TOO_LARGE, f"{len(body)} bytes, at most {limit_bytes} are read")
    try:
        return read(body.decode())
    except UnicodeDecodeError as error:
        raise Unreadable(UnreadableReason.NOT_UTF8, f"not UTF-8 at byte {error.start}") from None
    except RecursionError:
        raise Unreadable(UnreadableReason.TOO_DEEP, f"nested deeper than {NESTING_MAX}") from None
    except Unreadable:
        raise
    except json.JSONDecodeError as error:
        raise Unreadable(UnreadableReason.NOT_JSON, f"{error.msg} at character {error.pos}") from None
    except (ValueError, ArithmeticError):
        raise Unreadable(UnreadableReason.NOT_JSON, "a number has too many digits") from None


def _inside(node: Any) -> Iterator[Any]:
    return iter(node.values() if isinstance(node, dict) else node)


def _deeper_than(limit: int, parsed: Any) -> bool:
    level = [parsed]
    for _ in range(limit):
        level = [one for node in level for one in _inside(node) if isinstance(one, dict | list)]
        if not level:
            return False
    return True


def parse(body: bytes, limit_bytes: int = BODY_BYTES_MAX) -> dict[str, Any]:
    """The JSON object of a claim, which has a usable `claim_id`; raises Unreadable alone."""
    parsed = read_object(body, limit_bytes)
    claim_id_of(parsed)
    return parsed


def claim_id_of(parsed: dict[str, Any]) -> str:
    """The claim's id, dashed and in lower case; raises Unreadable where there is none."""
    try:
        return canonical_uuid(parsed["claim_id"])
    except KeyError:
        raise Unreadable(UnreadableReason.NO_CLAIM_ID, "there is no claim_id") from None
    except (TypeError, PydanticCustomError):
        raise Unreadable(UnreadableReason.NO_CLAIM_ID, "claim_id is not a UUID") from None


def _fraction(number: Any) -> list[Any]:
    if not isinstance(number, Decimal):
        raise TypeError(f"{type(number).__name__} is not of a parsed body")
    return [float("nan"), str(number)]  # NaN cannot stand in a body that was read, so nothing else looks like this


_CANONICAL: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), check_circular=False, default=_fraction)


def fingerprint(parsed: dict[str, Any]) -> bytes:
    """SHA-256 over the parsed JSON with sorted keys, before any default: whether two bodies are the same.

    Numbers with a point count by their text: 1.0 is another than 1.00, than 1, and than "1.0".
    """
    return hashlib.sha256(_CANONICAL.encode(parsed).encode()).digest()
