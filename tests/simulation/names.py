"""Resource classes and traits: made and removed in turns, hence there at the end if made once more than removed."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Event = Mapping[str, Any]
Find = Callable[[str, str], None]

MADE = {"resource_class.created": "class", "trait.created": "trait"}
REMOVED = {"resource_class.deleted": "class", "trait.deleted": "trait"}


def check_names(events: Sequence[Event], tables: Mapping[str, Any], find: Find) -> None:
    """Custom names are exactly those that the events leave there."""
    balance: Counter[tuple[str, str]] = Counter()
    for event in events:
        kind, data = event["type"], event["data"]
        if not data.get("changed"):
            continue
        if kind in MADE:
            balance[MADE[kind], data["name"]] += 1
        elif kind in REMOVED:
            balance[REMOVED[kind], data["name"]] -= 1
        elif kind == "resource_class.renamed":
            balance["class", data["name"]] -= 1
            balance["class", data["new_name"]] += 1
    there = {("class", name) for name in tables["resource_classes"]} | {("trait", name) for name in tables["traits"]}
    for key in sorted(balance.keys() | there):
        if balance[key] != (key in there):
            find("unexpected", f"{key} was made {balance[key]} times more than removed, there is {int(key in there)}")
