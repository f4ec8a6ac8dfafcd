"""Every consumer's history from the events about it: gapless, each change resting on the one before."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

Event = Mapping[str, Any]
Find = Callable[[str, str], None]


class Step(NamedTuple):
    """What one claim did to a consumer; generation None: it holds nothing now."""

    cause: str
    generation: int | None
    before: str
    after: str
    shown: Mapping[str, Any]


def check_consumers(events: Sequence[Event], table: Mapping[str, Any], find: Find) -> None:
    """Each consumer's changes make one walk from nothing to what the table says."""
    steps: defaultdict[str, list[Step]] = defaultdict(list)
    for event in events:
        for shown in event["data"].get("consumers", ()):
            cause = event["claimid"]
            step = Step(cause, shown["generation"], _text(shown["before"]), _text(shown["after"]), shown)
            steps[shown["id"]].append(step)
    for name in sorted(steps.keys() | table.keys()):
        for what in _wrong(steps[name], table.get(name)):
            find("unexpected", f"consumer {name}: {what}")


def _text(amounts: Mapping[str, Any]) -> str:
    return json.dumps(amounts, sort_keys=True)


NOTHING = _text({})


def _wrong(steps: Sequence[Step], row: Mapping[str, Any] | None) -> Iterator[str]:
    held = _text(row["allocations"]) if row else NOTHING
    if row and held == NOTHING:
        yield "is in the table and holds nothing"
    for step in steps:
        if (step.generation is None) != (step.after == NOTHING):
            yield f"claim {step.cause} leaves {step.after} at generation {step.generation}"
        if step.before == NOTHING != step.after and step.generation != 1:
            yield f"claim {step.cause} begins at generation {step.generation}"
    yield from _walk(steps, held)
    yield from _generations(steps, row)
    if row and not any(_is_row(step, row, held) for step in steps):
        yield f"no event tells what the table has: {row}"


def _walk(steps: Sequence[Step], held: str) -> Iterator[str]:
    """One walk through what it held has as many steps into as out of everything, but for its end."""
    moves = [step for step in steps if step.before != step.after]
    into = Counter(step.after for step in moves)
    out_of = Counter(step.before for step in moves)
    for what in sorted(into.keys() | out_of.keys() | {held}):
        ends, begins = int(what == held), int(what == NOTHING)
        if into[what] - out_of[what] != ends - begins:
            yield f"came {into[what]} times to {what} and left it {out_of[what]} times; at the end it holds {held}"


def _generations(steps: Sequence[Step], row: Mapping[str, Any] | None) -> Iterator[str]:
    """Each life of a consumer has the generations from 1 on, so no generation is reached more often than the last."""
    told = {step.generation for step in steps if step.generation is not None}
    if told != set(range(1, max(told, default=0) + 1)):
        yield f"generations {sorted(told)} have gaps"
    if row and row["generation"] not in told:
        yield f"is at generation {row['generation']}, of which no event tells"
    lives = sum(step.before == NOTHING != step.after for step in steps)
    moves = Counter(step.generation for step in steps if step.before != step.after and step.generation is not None)
    for generation, times in moves.items():
        if times > lives:
            yield f"came {times} times to generation {generation} in {lives} lives"


def _is_row(step: Step, row: Mapping[str, Any], held: str) -> bool:
    told = (step.shown[part] == row[part] for part in ("generation", "project", "user", "type"))
    return step.after == held and all(told)
