"""Claims on what consumers hold."""

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.absent import UNSET, Absentable, Distinct
from schemas.amounts import Allocations, Generation, Mappings, ProviderGenerations, amounts_counted, at_most
from schemas.envelope import ClaimEnvelope
from schemas.message import Message, also
from schemas.requests import PlaceRequest
from schemas.text import ConsumerType, Name, Uuid

MEMBERS_MAX = 256


class Consumer(Message):
    """Who holds. `generation`: UNSET is no check, None «must hold nothing yet», else exactly that number."""

    id: Uuid
    project: Name
    user: Name
    type: Absentable[ConsumerType] = None
    generation: Distinct[Generation] = UNSET


class ConsumerReference(Message):
    """Who lets go; `generation` as in `Consumer`."""

    id: Uuid
    generation: Distinct[Generation] = UNSET


def _counted(allocations: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    amounts_counted(allocations)
    return allocations


CountedAllocations = Annotated[Allocations, AfterValidator(_counted)]


class Holding(Message):
    """All that one consumer is to hold; nothing: a release."""

    consumer: Consumer
    allocations: CountedAllocations
    provider_generations: Absentable[ProviderGenerations] = None
    mappings: Absentable[Mappings] = None


class AllocationSet(ClaimEnvelope, Holding):
    """Replaces all that the consumer holds."""

    op: Literal["allocation.set"]


def _one_claim_together(holdings: tuple[Holding, ...]) -> tuple[Holding, ...]:
    seen = set()
    for holding in holdings:
        if holding.consumer.id in seen:
            twice = {"limit": True, "value": holding.consumer.id}
            raise PydanticCustomError("uniqueItems", "one consumer twice", twice)
        seen.add(holding.consumer.id)
    amounts_counted(*(holding.allocations for holding in holdings))
    return holdings


Holdings = Annotated[
    tuple[Holding, ...],
    Field(max_length=MEMBERS_MAX, strict=False),
    at_most(MEMBERS_MAX),
    AfterValidator(_one_claim_together),
]
"""Of several consumers, each named once."""


class AllocationSetMany(ClaimEnvelope):
    """Several consumers' holdings, all or nothing."""

    op: Literal["allocation.set_many"]
    claims: Annotated[
        tuple[Holding, ...],
        Field(min_length=1, max_length=MEMBERS_MAX, strict=False),
        at_most(MEMBERS_MAX),
        AfterValidator(_one_claim_together),
    ]


class AllocationAdjust(ClaimEnvelope):
    """Takes from and adds to what the consumer holds."""

    model_config = ConfigDict(
        json_schema_extra=also(
            anyOf=[{"required": [name], "properties": {name: {"minProperties": 1}}} for name in ("add", "remove")]
        )
    )

    op: Literal["allocation.adjust"]
    consumer: Consumer
    add: Absentable[CountedAllocations] = None
    remove: Absentable[CountedAllocations] = None

    @model_validator(mode="after")
    def _names_a_change(self) -> "AllocationAdjust":
        if not self.add and not self.remove:
            raise PydanticCustomError("anyOf", "nothing to do", {"limit": ["add", "remove"], "value": None})
        amounts_counted(self.add or {}, self.remove or {})
        return self


class AllocationPlace(ClaimEnvelope):
    """Replaces all that the consumer holds by the first answer to the request; what it holds counts as free for it."""

    op: Literal["allocation.place"]
    consumer: Consumer
    request: PlaceRequest


class AllocationRelease(ClaimEnvelope):
    """The consumer holds nothing any more."""

    op: Literal["allocation.release"]
    consumer: ConsumerReference
