"""Why a request found nothing or little, as `no_candidates` and `candidates.explain` tell it."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.absent import Absentable
from schemas.amounts import GROUPS_MAX, Number
from schemas.message import Told
from schemas.text import GroupName, Id, Name

NEAREST_MAX = 20

GroupStep = Literal["all", "enabled", "in_tree", "aggregates", "traits", "inventory", "units", "capacity"]
TreeStep = Literal["tree_merge", "group_policy", "same_subtree"]


class ProvidersLeft(Told):
    """How many providers were left after a step; `inventory`, `units` and `capacity` are told for each class."""

    step: GroupStep
    left: Number
    resource_class: Absentable[Name] = None


class TreesLeft(Told):
    """How many trees were left after a step."""

    step: TreeStep
    left: Number


class Miss(Told):
    """A provider that lacked nothing but room for one class; `lacking` is what was requested less what is free."""

    group: GroupName
    provider: Id
    resource_class: Name
    requested: Number
    capacity: Number
    used: Number
    free: int
    lacking: Number


class Explanation(Told):
    """Steps in the order applied, by group and for the whole request, and what came nearest (least lacking first)."""

    groups: Annotated[
        dict[GroupName, Annotated[tuple[ProvidersLeft, ...], Field(strict=False)]], Field(max_length=GROUPS_MAX)
    ]
    trees: Annotated[tuple[TreesLeft, ...], Field(strict=False)]
    nearest: Annotated[tuple[Miss, ...], Field(max_length=NEAREST_MAX, strict=False)]
