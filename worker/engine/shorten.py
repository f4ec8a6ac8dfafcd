"""What stands in an event that would have been too large: ids and counts."""

from collections.abc import Mapping
from typing import Any, Final

IDS_MAX: Final = 10_000
"""Of each kind: two kinds of this many fit into an event; `counts` has the whole number."""


def shortened(shown: Mapping[str, Any]) -> dict[str, Any]:
    """The `data` of an event cut down to what it is about; a refusal keeps its code and sentence."""
    if "code" in shown:
        counts = {name: len(part) for name, part in shown["details"].items() if isinstance(part, list | tuple | dict)}
        return {**shown, "truncated": True, "details": {"counts": counts}}
    parts = {name: part for name, part in shown.items() if isinstance(part, Mapping | list)}
    about = {"provider": [shown["provider"]]} if isinstance(shown.get("provider"), str) else {}
    ids = {name: _ids(part)[:IDS_MAX] for name, part in parts.items()}
    return {
        **({"changed": shown["changed"]} if "changed" in shown else {}),
        "truncated": True,
        "ids": {**about, **{name: found for name, found in ids.items() if found}},
        "counts": {name: len(part) for name, part in parts.items() if name != "provider"},
    }


def _ids(part: Mapping[str, Any] | list[Any]) -> list[str]:
    """Ids of consumers and providers; names of classes and traits are told by their number alone."""
    if isinstance(part, list):
        return [one.get("id") or one["provider"] for one in part if isinstance(one, Mapping)]
    if isinstance(part.get("provider"), str):
        return [part["provider"]]
    return [key for key, value in part.items() if isinstance(value, Mapping) and "incarnation" in value]
