"""Why a request found nothing or little: what was left after each step, and what came nearest."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from worker.placement.ids import ProviderId, ResourceClass
from worker.placement.request import GroupName

NEAREST_MAX = 20


class Step(StrEnum):
    """The steps of a search, in the order applied; the last three are of the whole request."""

    ALL = "all"
    ENABLED = "enabled"
    IN_TREE = "in_tree"
    AGGREGATES = "aggregates"
    TRAITS = "traits"
    INVENTORY = "inventory"
    UNITS = "units"
    CAPACITY = "capacity"
    TREE_MERGE = "tree_merge"
    GROUP_POLICY = "group_policy"
    SAME_SUBTREE = "same_subtree"


@dataclass(frozen=True, slots=True)
class Left:
    """How many were left after a step: providers in a group's steps, anchors in those of the whole request.

    `resource_class` stands with `INVENTORY`, `UNITS` and `CAPACITY`, of which each class asked for has its own.
    """

    step: Step
    left: int
    resource_class: ResourceClass | None = None


@dataclass(frozen=True, slots=True)
class Miss:
    """A provider that lacked only room for one class: `lacking` is requested less free."""

    group: GroupName
    provider: ProviderId
    resource_class: ResourceClass
    requested: int
    capacity: int
    used: int
    free: int
    lacking: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """Steps by group, steps of the whole request, and the nearest misses (`NEAREST_MAX` at most, least first)."""

    groups: Mapping[GroupName, tuple[Left, ...]]
    trees: tuple[Left, ...]
    nearest: tuple[Miss, ...]


def sentence(explanation: Explanation) -> str:
    """For people: where nothing was left, of how many, and what came nearest."""
    said = "No candidate meets the request"
    for name, steps in [*explanation.groups.items(), (None, explanation.trees)]:
        empty = next((left for left in steps if not left.left), None)
        if empty is not None:
            of_what = "" if empty.resource_class is None else f" of {empty.resource_class}"
            whom = "trees" if name is None else f"providers for group {name}" if name else "providers"
            said += f": of {steps[0].left} {whom} none was left at the step {empty.step.value}{of_what}"
            break
    if explanation.nearest:
        miss = explanation.nearest[0]
        said += f"; the nearest, {miss.provider}, lacked {miss.lacking} of {miss.requested} {miss.resource_class}"
    return f"{said}."


def told(explanation: Explanation) -> dict[str, object]:
    """The explanation as plain values: the details of `no_candidates` and the data of `candidates.explain`."""
    return {
        "groups": {name: [_step(left) for left in steps] for name, steps in explanation.groups.items()},
        "trees": [_step(left) for left in explanation.trees],
        "nearest": [_miss(miss) for miss in explanation.nearest[:NEAREST_MAX]],
    }


def _step(left: Left) -> dict[str, object]:
    if left.resource_class is None:
        return {"step": left.step.value, "left": left.left}
    return {"step": left.step.value, "resource_class": left.resource_class, "left": left.left}


def _miss(miss: Miss) -> dict[str, object]:
    return {
        "group": miss.group,
        "provider": miss.provider,
        "resource_class": miss.resource_class,
        "requested": miss.requested,
        "capacity": miss.capacity,
        "used": miss.used,
        "free": miss.free,
        "lacking": miss.lacking,
    }
