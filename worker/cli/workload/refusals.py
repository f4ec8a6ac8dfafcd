"""Why no place was found, from the explanation that came with the refusal."""

from collections.abc import Collection, Iterable, Mapping
from itertools import pairwise
from typing import Any, Final

from worker.cli.workload.amounts import Task
from worker.cli.workload.usage import WORDS

NO_CANDIDATES: Final = "no_candidates"
# What is missing where a step leaves nobody.
STEPS: Final = {
    "all": "there is no machine",
    "enabled": "none is enabled",
    "in_tree": "not in that tree",
    "aggregates": "not in those aggregates",
    "traits": "no such trait",
    "inventory": "nobody has",
    "units": "cannot be cut so:",
    "capacity": "used up:",
    "tree_merge": "not on one machine all at once",
    "group_policy": "not so many apart on one machine",
    "same_subtree": "not below one provider",
}
NAMED_MAX: Final = 2
Left = Mapping[str, Any]


def lacked(details: Mapping[str, Any], task: Task) -> str | None:
    """What lacked, in a few words: the first step that left nobody; None where the explanation does not explain.

    That is so where a count grows from a step to the next, and where every step has left somebody.
    """
    ladders: list[Iterable[Left]] = [details["groups"][name] for name in sorted(details["groups"])]
    ladders.append(details["trees"])
    if any(after["left"] > before["left"] for ladder in ladders for before, after in pairwise(ladder)):
        return None
    empty = [step for ladder in ladders for step in ladder if step["left"] == 0]
    return _said(empty[0], task) if empty else None


def _said(step: Left, task: Task) -> str:
    name = step.get("resource_class", "")
    return f"{STEPS[step['step']]} {WORDS.get(name, name)}".rstrip() + (
        _of(task.models) if task.wants.gpu_milli else ""
    )


def _of(models: Collection[str]) -> str:
    if not models:
        return ""
    return f" ({' or '.join(sorted(models))})" if len(models) <= NAMED_MAX else f" (any of {len(models)} models)"
