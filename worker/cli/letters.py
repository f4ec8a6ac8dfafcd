"""Dead letters as people name and see them."""

import hashlib
from collections.abc import Iterable
from typing import Any

from schemas.parked import ParkedHeader
from worker.cli.screen import show_table, tell
from worker.rabbit.dead import DeadLetter, Select

COLUMNS = ("letter", "reason", "op", "claim_id", "last parked", "bytes", "detail")


def name_of(letter: DeadLetter) -> str:
    """Stays the same wherever in the queue it is; two letters with the same body share it."""
    return hashlib.sha256(letter.body).hexdigest()[:12]


def chosen(names: Iterable[str], reason: str | None) -> Select:
    """Letters whose name or claim id is among `names` (all when there are none), and that were parked for `reason`."""
    wanted = frozenset(name.lower() for name in names)

    def is_chosen(letter: DeadLetter) -> bool:
        if reason is not None and letter.reason != reason:
            return False
        return not wanted or name_of(letter) in wanted or (letter.claim_id or "").lower() in wanted

    return is_chosen


def as_row(letter: DeadLetter) -> tuple[object, ...]:
    header = letter.headers.get
    return (
        name_of(letter),
        letter.reason,
        letter.routing_key,
        letter.claim_id,
        header(ParkedHeader.LAST_AT),
        len(letter.body),
        header(ParkedHeader.DETAIL),
    )


def as_document(letter: DeadLetter) -> dict[str, Any]:
    """All of a letter, for programs."""
    return {
        "letter": name_of(letter),
        "position": letter.position,
        "reason": letter.reason,
        "claim_id": letter.claim_id,
        "routing_key": letter.routing_key,
        "headers": dict(letter.headers),
        "body": _text(letter.body),
    }


def show_letters(letters: Iterable[DeadLetter]) -> None:
    show_table("dead letters", COLUMNS, map(as_row, letters))


def show_whole(letter: DeadLetter) -> None:
    """Its headers in a table, then its body as it came."""
    show_table(f"letter {name_of(letter)}", ["header", "value"], sorted(letter.headers.items()))
    tell(_text(letter.body))


def _text(body: bytes) -> str:
    return body.decode("utf-8", "backslashreplace")
