"""A batch of claims taken apart, each member left as it is written: what is wrong with one is its own affair."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from schemas.allocation_claims import MEMBERS_MAX
from schemas.batch import BATCH_OP
from schemas.violations import shown_text
from schemas.wire import BODY_BYTES_MAX, Unreadable, UnreadableReason, decoded, read_object, strict_at

_CLAIMS: Final = "claims"
_SPACE: Final = re.compile(r"[ \t\n\r]*")


def _unread(_: str) -> None:
    """A number, about which nothing is said here: whatever is wrong with it is found out with its claim."""


_read: Final = json.JSONDecoder(parse_int=_unread, parse_float=_unread, parse_constant=_unread).raw_decode


@dataclass(frozen=True, slots=True)
class Member:
    """One claim of a batch: what its `op` says, None where that is no text, its JSON, and what was read of it.

    `parsed` is None where that cannot be read as strictly as claims are; `read_object` of the body then says why.
    """

    op: str | None
    body: bytes
    parsed: Any


def split(body: bytes, limit_bytes: int = BODY_BYTES_MAX) -> tuple[Member, ...] | None:
    """The claims of a `claims.batch`, at least one. None for what says that it is one claim, by its op and `claim_id`.

    Raises Unreadable.
    """
    found = decoded(body, partial(_fields, body), limit_bytes)
    if found.get("op") != BATCH_OP and "claim_id" in found:
        return None
    wrong = _wrong(found)
    if wrong is not None:
        raise Unreadable(UnreadableReason.NOT_A_BATCH, wrong)
    return tuple(found[_CLAIMS])


def _wrong(found: dict[str, Any]) -> str | None:
    """Why these are not the fields of a batch."""
    if found.get("op") != BATCH_OP:
        return f"op is not {BATCH_OP}"
    claims = found.get(_CLAIMS)
    if not isinstance(claims, list):
        return "claims is not a list" if _CLAIMS in found else "there are no claims"
    if not 1 <= len(claims) <= MEMBERS_MAX:
        return f"{len(claims)} claims, 1 to {MEMBERS_MAX} are read"
    unknown = found.keys() - {"op", _CLAIMS}
    return f"there is no field {shown_text(min(unknown))!r} in a {BATCH_OP}" if unknown else None


def _fields(body: bytes, text: str) -> dict[str, Any]:
    """The fields of the object, `claims` as members where it is a list. Raises JSONDecodeError, Unreadable."""
    reader = _Reader(text)
    if reader.next() != "{":
        read_object(body)
        raise AssertionError("an object that does not begin as one")
    found: dict[str, Any] = {}
    for _ in reader.items("{", "}"):
        key = reader.value(str)
        reader.take(":")
        if key in found:
            raise Unreadable(UnreadableReason.DUPLICATE_KEY, "an object has the same key twice")
        if key == _CLAIMS and reader.next() == "[":
            found[key] = [reader.member() for _ in reader.items("[", "]")]
        else:
            found[key] = reader.value()
    if reader.next():
        raise json.JSONDecodeError("Extra data", text, reader.at)
    return found


class _Reader:
    """A JSON text, a value at a time."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.at = 0

    def next(self) -> str:
        """The next character that is no space; nothing at the end."""
        space = _SPACE.match(self._text, self.at)
        self.at = space.end() if space else self.at
        return self._text[self.at : self.at + 1]

    def take(self, *wanted: str) -> str:
        """One of these characters."""
        found = self.next()
        if found not in wanted:
            raise json.JSONDecodeError(f"Expecting {' or '.join(wanted)}", self._text, self.at)
        self.at += 1
        return found

    def items(self, opening: str, closing: str) -> Iterator[None]:
        """Stops before each item of a list or an object, which is then to be read."""
        self.take(opening)
        if self.next() == closing:
            self.take(closing)
            return
        yield
        while self.take(",", closing) == ",":
            yield

    def value(self, kind: type = object) -> Any:
        """Any value."""
        self.next()
        start = self.at
        value, self.at = _read(self._text, start)
        if not isinstance(value, kind):
            raise json.JSONDecodeError("Expecting a name", self._text, start)
        return value

    def member(self) -> Member:
        """A claim, or whatever stands where one should."""
        self.next()
        start = self.at
        try:
            value, self.at = strict_at(self._text, start)
            parsed = value
        except (ValueError, ArithmeticError):
            value, parsed = self.value(), None
        op = value.get("op") if isinstance(value, dict) else None
        return Member(op if isinstance(op, str) else None, self._text[start : self.at].encode(), parsed)
