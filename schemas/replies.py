"""Answers to queries: one model an op, and the error that any of them may get."""

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from schemas.amounts import AllocationsTold, Generation, Number
from schemas.codes import Code
from schemas.events import AnyEvent
from schemas.explanation import Explanation
from schemas.message import Told
from schemas.outcome_parts import Ids, Names
from schemas.shown import Fills, InventoriesShown, InventoryShown, ProviderShown
from schemas.text import ConsumerType, GroupName, Id, Name

Amounts = dict[Name, Number]


class ReadError(Told):
    """Why there is no answer; the codes of rejections, or one of these; `internal_error`: the worker's own."""

    code: Annotated[Code, Field(strict=False)] | Literal["claim_not_found", "claim_id_reused", "internal_error"]
    message: Annotated[str, Field(min_length=1)]
    details: Any


class ErrorReply(Told):
    """The answer to a query that has none."""

    ok: Literal[False]
    error: ReadError


class Answer(Told):
    """What all answers have."""

    ok: Literal[True]


class ProviderPage(Told):
    """`next`: what to give as `after`, null at the end."""

    providers: Annotated[tuple[ProviderShown, ...], Field(strict=False)]
    next: Id | None


class InventoriesOfProvider(Told):
    """All inventories of a provider."""

    provider: Id
    generation: Generation
    inventories: InventoriesShown


class InventoryOfProvider(Told):
    """One inventory of a provider."""

    provider: Id
    generation: Generation
    resource_class: Name
    inventory: InventoryShown


class NamesShown(Told):
    """Standard names first, in their package's order, then by name."""

    names: Names


class NameShown(Told):
    """A name that exists."""

    name: Name


class TraitsOfProvider(Told):
    """The traits of a provider, sorted."""

    provider: Id
    generation: Generation
    traits: Names


class AggregatesOfProvider(Told):
    """The aggregates of a provider, sorted."""

    provider: Id
    generation: Generation
    aggregates: Ids


class Held(Told):
    """What is held of a provider at its generation, or by a consumer at the consumer's."""

    generation: Generation
    resources: Amounts


class ConsumerShown(Told):
    """What a consumer holds."""

    project: Name
    user: Name
    type: ConsumerType | None
    generation: Generation
    allocations: dict[Id, Held]


class ConsumersShown(Told):
    """By consumer; who holds nothing is left out."""

    consumers: dict[Id, ConsumerShown]


class HoldersOfProvider(Told):
    """Who holds what of a provider, by consumer."""

    generation: Generation
    consumers: dict[Id, Held]


class HoldersPage(Told):
    """By provider; `next`: what to give as `after`, null at the end."""

    providers: dict[Id, HoldersOfProvider]
    next: Id | None


class UsageOfProvider(Told):
    """Every class the provider has inventory of, zeros too."""

    generation: Generation
    usages: Amounts


class UsagesOfProviders(Told):
    """By provider."""

    providers: dict[Id, UsageOfProvider]


class UsageOfType(Told):
    """What the consumers of one type use together."""

    consumer_count: Number
    resources: Amounts


class UsagesOfProject(Told):
    """By consumer type; `unknown` for consumers without one; empty for an unknown project."""

    usages: dict[str, UsageOfType]


class AllocationRequest(Told):
    """One way to meet a request: what to take of whom, and which providers stand for each group."""

    allocations: AllocationsTold
    mappings: dict[GroupName, Annotated[tuple[Id, ...], Field(min_length=1, strict=False)]]


class ProviderSummary(Told):
    """A provider of a tree that an answer rests on: its fill, traits and place."""

    resources: Fills
    traits: Names
    parent: Id | None
    root: Id


class CandidatesShown(Told):
    """In the order of the strategy; `truncated`: there are more than the worker lists."""

    allocation_requests: Annotated[tuple[AllocationRequest, ...], Field(strict=False)]
    provider_summaries: dict[Id, ProviderSummary]
    truncated: bool


class ProviderGetReply(Answer):
    data: ProviderShown


class ProviderListReply(Answer):
    data: ProviderPage


class InventoryListReply(Answer):
    data: InventoriesOfProvider


class InventoryGetReply(Answer):
    data: InventoryOfProvider


class NamesReply(Answer):
    data: NamesShown


class NameReply(Answer):
    data: NameShown


class ProviderTraitsReply(Answer):
    data: TraitsOfProvider


class ProviderAggregatesReply(Answer):
    data: AggregatesOfProvider


class AllocationGetReply(Answer):
    data: ConsumersShown


class AllocationListReply(Answer):
    data: HoldersPage


class UsageProviderReply(Answer):
    data: UsagesOfProviders


class UsageProjectReply(Answer):
    data: UsagesOfProject


class CandidatesListReply(Answer):
    data: CandidatesShown


class CandidatesExplainReply(Answer):
    data: Explanation


class ClaimGetReply(Answer):
    """`data` is the claim's outcome event, word for word."""

    data: Annotated[AnyEvent, Field(discriminator="type")]


REPLY_BY_OP: Final[dict[str, type[Answer]]] = {
    "provider.get": ProviderGetReply,
    "provider.list": ProviderListReply,
    "inventory.list": InventoryListReply,
    "inventory.get": InventoryGetReply,
    "resource_class.list": NamesReply,
    "trait.list": NamesReply,
    "resource_class.get": NameReply,
    "trait.get": NameReply,
    "provider_traits.get": ProviderTraitsReply,
    "provider_aggregates.get": ProviderAggregatesReply,
    "allocation.get": AllocationGetReply,
    "allocation.list": AllocationListReply,
    "usage.provider": UsageProviderReply,
    "usage.project": UsageProjectReply,
    "candidates.list": CandidatesListReply,
    "candidates.explain": CandidatesExplainReply,
    "claim.get": ClaimGetReply,
}
"""What an answer to each query looks like."""
