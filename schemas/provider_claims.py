"""Claims on providers and on what they carry: traits and aggregates."""

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.absent import UNSET, Absentable, Distinct
from schemas.amounts import TRAITS_MAX, Generation, at_most
from schemas.envelope import ClaimEnvelope
from schemas.message import also
from schemas.shown import State
from schemas.stock import Inventories
from schemas.text import Name, ProviderName, Uuid


def _no_repetition(ids: tuple[str, ...]) -> tuple[str, ...]:
    seen: set[str] = set()
    for one in ids:
        if one in seen:
            raise PydanticCustomError("uniqueItems", "one id twice", {"limit": True, "value": one})
        seen.add(one)
    return ids


Traits = Annotated[tuple[Name, ...], Field(max_length=TRAITS_MAX, strict=False), at_most(TRAITS_MAX)]
"""A set of trait names; repetition is harmless."""

Aggregates = Annotated[
    tuple[Uuid, ...],
    Field(strict=False, fail_fast=True, json_schema_extra={"uniqueItems": True}),
    AfterValidator(_no_repetition),
]
"""A set of aggregate ids; repetition is an error."""


class ProviderCreate(ClaimEnvelope):
    """A new provider; the worker makes the id where none is given."""

    op: Literal["provider.create"]
    name: ProviderName
    provider: Absentable[Uuid] = None
    parent: Uuid | None = None


class ProviderUpdate(ClaimEnvelope):
    """A new name, a new parent (null: none, a root), or both; UNSET leaves the parent."""

    model_config = ConfigDict(json_schema_extra=also(anyOf=[{"required": ["name"]}, {"required": ["parent"]}]))

    op: Literal["provider.update"]
    provider: Uuid
    name: Absentable[ProviderName] = None
    parent: Distinct[Uuid] = UNSET
    generation: Absentable[Generation] = None

    @model_validator(mode="after")
    def _names_a_change(self) -> "ProviderUpdate":
        if self.name is None and self.parent is UNSET:
            raise PydanticCustomError("anyOf", "nothing to do", {"limit": ["name", "parent"], "value": None})
        return self


class ProviderDelete(ClaimEnvelope):
    """Removes a provider that has no children and no allocations."""

    op: Literal["provider.delete"]
    provider: Uuid
    generation: Absentable[Generation] = None


class ProviderDeclare(ClaimEnvelope):
    """One provider, whole: created or brought to exactly this."""

    op: Literal["provider.declare"]
    provider: Uuid
    name: ProviderName
    parent: Uuid | None = None
    inventories: Inventories
    traits: Traits
    aggregates: Aggregates
    generation: Absentable[Generation] = None


class ProviderSetState(ClaimEnvelope):
    """On a draining provider no amount may grow, and searches pass it by; its children are not affected."""

    op: Literal["provider.set_state"]
    provider: Uuid
    state: State


class ProviderTraitsReplace(ClaimEnvelope):
    """The provider has exactly these traits."""

    op: Literal["provider_traits.replace"]
    provider: Uuid
    traits: Traits
    generation: Absentable[Generation] = None


class ProviderTraitsClear(ClaimEnvelope):
    """The provider has no traits."""

    op: Literal["provider_traits.clear"]
    provider: Uuid
    generation: Absentable[Generation] = None


class ProviderAggregatesReplace(ClaimEnvelope):
    """The provider is in exactly these aggregates."""

    op: Literal["provider_aggregates.replace"]
    provider: Uuid
    aggregates: Aggregates
    generation: Absentable[Generation] = None
