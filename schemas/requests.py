"""A request for resources: in groups, which are met together by the providers of one tree and those shared with it."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, PlainValidator, StringConstraints, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from schemas.absent import Absentable
from schemas.amounts import AMOUNTS_MAX, GROUPS_MAX, MAX_INT, TRAITS_MAX, Amount, at_most
from schemas.message import Message
from schemas.query_fields import Ids, Memberships, Names, RequiredTraits
from schemas.text import STORABLE_PATTERN, GroupName, Name, Uuid
from schemas.violations import Violation, rules_broken

WEIGHT_MAX: Final = 1_000_000
"""Either way of zero; a provider's score is about 1, and finite weights alone would still add up to infinity."""


class RequestRule(StrEnum):
    """Rules that `invalid_message` names for what no JSON Schema keyword says."""

    GROUP_POLICY_REQUIRED = "group_policy_required"
    """Two or more named groups, and no `group_policy`."""
    NO_RESOURCES = "no_resources"
    """No group has resources."""
    RESOURCELESS_GROUP = "resourceless_group"
    """A group without resources stands in no `same_subtree`."""
    UNKNOWN_GROUP = "unknown_group"
    """A `same_subtree` lists no group, the unnamed one, or one that the request does not have."""
    CONFLICTING_TRAITS = "conflicting_traits"
    """What is required is forbidden in the same group, or at the same root."""


def _weight(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise PydanticCustomError("type", "not a number", {"limit": "number"})
    if not value >= -WEIGHT_MAX:
        raise PydanticCustomError("minimum", "below the minimum", {"limit": -WEIGHT_MAX})
    if value > WEIGHT_MAX:
        raise PydanticCustomError("maximum", "above the maximum", {"limit": WEIGHT_MAX})
    return float(value)


def _seed(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    if value < 0:
        raise PydanticCustomError("minimum", "below the minimum", {"limit": 0})
    if value > MAX_INT:
        raise PydanticCustomError("maximum", "above the maximum", {"limit": MAX_INT})
    return str(value)


Weight = Annotated[
    float,
    PlainValidator(_weight),
    WithJsonSchema({"type": "number", "minimum": -WEIGHT_MAX, "maximum": WEIGHT_MAX}),
]
Seed = Annotated[
    str,
    StringConstraints(min_length=1, max_length=255, pattern=STORABLE_PATTERN),
    BeforeValidator(_seed),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1, "maxLength": 255, "pattern": STORABLE_PATTERN},
                {"type": "integer", "minimum": 0, "maximum": MAX_INT},
            ]
        }
    ),
]
"""Text, or a number, which counts as its text."""


class RequestGroup(Message):
    """What one group asks for. Each item of `required` and `member_of` is met by any of its members; `resources` may
    be left out where some `same_subtree` names the group."""

    resources: Annotated[dict[Name, Amount], Field(max_length=AMOUNTS_MAX), at_most(AMOUNTS_MAX)] = Field(
        default_factory=dict
    )
    required: RequiredTraits = ()
    forbidden: Names = ()
    member_of: Memberships = ()
    not_member_of: Ids = ()
    in_tree: Uuid | None = None


def _amounts_counted(groups: Any) -> Any:
    """Before any of them is looked at: wrong ones would each be told, at a cost, and forgotten."""
    count = sum(map(_amounts, groups.values())) if isinstance(groups, dict) else 0
    if count > AMOUNTS_MAX:
        raise PydanticCustomError("maxProperties", "too many amounts", {"limit": AMOUNTS_MAX, "value": count})
    return groups


def _amounts(group: object) -> int:
    resources = group.get("resources") if isinstance(group, dict) else getattr(group, "resources", None)
    return len(resources) if isinstance(resources, dict) else 0


Groups = Annotated[
    dict[GroupName, RequestGroup],
    Field(max_length=GROUPS_MAX),
    BeforeValidator(_amounts_counted),
    at_most(GROUPS_MAX),
]
Subtree = Annotated[tuple[str, ...], Field(max_length=GROUPS_MAX, strict=False, fail_fast=True), at_most(GROUPS_MAX)]


class PlaceRequest(Message):
    """Groups met together under one anchor. The rules of `RequestRule` hold over all of it, and no more than 1,000
    amounts and 1,000 traits stand in it. `seed` may be given with any strategy; `random` alone goes by it."""

    groups: Groups
    group_policy: Absentable[Literal["none", "isolate"]] = None
    same_subtree: Annotated[
        tuple[Subtree, ...], Field(max_length=GROUPS_MAX, strict=False, fail_fast=True), at_most(GROUPS_MAX)
    ] = ()
    root_required: Names = ()
    root_forbidden: Names = ()
    strategy: Literal["first", "pack", "spread", "random"] = "first"
    preferred: Annotated[dict[Name, Weight], Field(max_length=TRAITS_MAX), at_most(TRAITS_MAX)] = Field(
        default_factory=dict
    )
    seed: Absentable[Seed] = None

    @model_validator(mode="after")
    def _keeps_the_rules(self) -> Self:
        found = (*_too_many_traits(self), *_rules(self))
        if found:
            raise rules_broken(found)
        return self


class SearchRequest(PlaceRequest):
    """A request whose answers are listed: `limit` of them, or all."""

    limit: Absentable[Annotated[int, Field(ge=1, le=MAX_INT)]] = None


def _too_many_traits(request: PlaceRequest) -> Iterator[Violation]:
    traits = len(request.root_required) + len(request.root_forbidden) + len(request.preferred)
    for group in request.groups.values():
        traits += len(group.forbidden) + sum(map(len, group.required))
    if traits > TRAITS_MAX:
        yield Violation((), "maxItems", TRAITS_MAX, traits)


def _rules(request: PlaceRequest) -> Iterator[Violation]:
    if request.group_policy is None and sum(name != "" for name in request.groups) > 1:
        policies = ["none", "isolate"]
        yield Violation(("group_policy",), RequestRule.GROUP_POLICY_REQUIRED, policies, None)
    yield from _without_resources(request)
    for number, names in enumerate(request.same_subtree):
        yield from _unknown(request, number, names)
    for name, group in request.groups.items():
        yield from _conflicts(("groups", name, "required"), group.required, group.forbidden)
    yield from _conflicts(("root_required",), [(trait,) for trait in request.root_required], request.root_forbidden)


def _without_resources(request: PlaceRequest) -> Iterator[Violation]:
    bare = [name for name, group in request.groups.items() if not group.resources]
    if len(bare) == len(request.groups):
        yield Violation(("groups",), RequestRule.NO_RESOURCES, 1, 0)
        return
    named = {name for names in request.same_subtree for name in names}
    for name in bare:
        if name == "" or name not in named:
            yield Violation(("groups", name), RequestRule.RESOURCELESS_GROUP, None, name)


def _unknown(request: PlaceRequest, number: int, names: tuple[str, ...]) -> Iterator[Violation]:
    if not names:
        yield Violation(("same_subtree", number), RequestRule.UNKNOWN_GROUP, None, None)
    for place, name in enumerate(names):
        if name == "" or name not in request.groups:
            yield Violation(("same_subtree", number, place), RequestRule.UNKNOWN_GROUP, None, name)


def _conflicts(
    path: tuple[str, ...], required: Iterable[tuple[str, ...]], forbidden: Iterable[str]
) -> Iterator[Violation]:
    excluded = set(forbidden)
    for number, any_of in enumerate(required):
        if excluded.issuperset(any_of):
            yield Violation((*path, number), RequestRule.CONFLICTING_TRAITS, None, list(any_of))
