"""Deadlines: what came in time may have been refused for another reason, but nothing was accepted late."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

Event = Mapping[str, Any]
Find = Callable[[str, str], None]

DEADLINE_PASSED = "deadline_passed"


def check_deadlines(claims: Mapping[str, Iterable[Any]], outcomes: Mapping[str, Event], find: Find) -> None:
    """`claims`: the bodies that came under each id, of which only those that are alone in that say when it was due."""
    for claim_id, event in outcomes.items():
        bodies = list(claims.get(claim_id, ()))
        if len(bodies) != 1:
            continue
        due = bodies[0].get("deadline")
        refused = event["data"].get("code") == DEADLINE_PASSED
        if refused and (due is None or _moment(event["data"]["details"]["begun_at"]) < _moment(due)):
            find("unexpected", f"claim {claim_id}, due {due}, was refused before its deadline")
        if due is not None and event["type"] != "claim.rejected" and _moment(event["time"]) > _moment(due):
            find("unexpected", f"claim {claim_id}, due {due}, was accepted at {event['time']}")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
