"""A request for resources, already checked for form: what a search looks for, and what it may offer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from worker.placement.ids import AggregateId, Amounts, ProviderId, ResourceClass, Trait

GroupName = str
"""`""`, the unnamed group, or `_` and a name."""


class Strategy(StrEnum):
    """Which of several candidates comes first (rules.md, requests and candidates)."""

    FIRST = "first"
    PACK = "pack"
    SPREAD = "spread"
    RANDOM = "random"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What one group asks for. Each set in `required` and `member_of` is met by any of its members."""

    resources: Mapping[ResourceClass, int] = field(default_factory=dict)
    required: tuple[frozenset[Trait], ...] = ()
    forbidden: frozenset[Trait] = frozenset()
    member_of: tuple[frozenset[AggregateId], ...] = ()
    not_member_of: frozenset[AggregateId] = frozenset()
    in_tree: ProviderId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Groups that are met together under one anchor. `limit` None: all; `seed` is of the strategy `random` alone."""

    groups: Mapping[GroupName, Group]
    group_policy: Literal["none", "isolate"] | None = None
    same_subtree: tuple[frozenset[GroupName], ...] = ()
    root_required: frozenset[Trait] = frozenset()
    root_forbidden: frozenset[Trait] = frozenset()
    strategy: Strategy = Strategy.FIRST
    preferred: Mapping[Trait, float] = field(default_factory=dict)
    seed: str | None = None
    limit: int | None = None


def classes_of(request: Request) -> set[ResourceClass]:
    """The classes that a request names."""
    return {name for group in request.groups.values() for name in group.resources}


def traits_of(request: Request) -> set[Trait]:
    """The traits that a request names, be it to require, to forbid or to prefer them."""
    named = {*request.root_required, *request.root_forbidden, *request.preferred}
    for group in request.groups.values():
        named.update(group.forbidden, *group.required)
    return named


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to meet a request. `relied`: providers beyond those that give, whose rows the choice rests on
    (the anchor's root, ancestors of a subtree, the members by which a sharing provider is attached)."""

    anchor: ProviderId
    allocations: Amounts
    mappings: Mapping[GroupName, tuple[ProviderId, ...]]
    relied: frozenset[ProviderId] = frozenset()
