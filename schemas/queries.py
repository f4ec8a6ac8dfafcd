"""All queries: one model an op. They read committed state and are answered to `reply_to` (see `schemas.replies`)."""

from typing import Annotated, Any, Final, Literal, get_args

from pydantic import Field, TypeAdapter, ValidationError

from schemas.absent import Absentable
from schemas.amounts import ClassAmounts
from schemas.message import Message
from schemas.query_fields import Ids, Memberships, Names, Paged, Prefix, RequiredTraits, TypeFilter
from schemas.requests import SearchRequest
from schemas.shown import State
from schemas.text import Name, ProviderName, Uuid
from schemas.violations import Violation, violations_of, wrong_op


class ProviderGet(Message):
    """One provider."""

    op: Literal["provider.get"]
    provider: Uuid


class ProviderList(Paged):
    """The providers that pass all filters, each for itself; an unknown id, aggregate or tree matches nothing."""

    op: Literal["provider.list"]
    providers: Absentable[Ids] = None
    name: Absentable[ProviderName] = None
    in_tree: Absentable[Uuid] = None
    member_of: Absentable[Memberships] = None
    not_member_of: Absentable[Ids] = None
    resources: Absentable[ClassAmounts] = None
    required: Absentable[RequiredTraits] = None
    forbidden: Absentable[Names] = None
    state: Absentable[State] = None


class InventoryList(Message):
    """All inventories of a provider."""

    op: Literal["inventory.list"]
    provider: Uuid


class InventoryGet(Message):
    """One inventory of a provider."""

    op: Literal["inventory.get"]
    provider: Uuid
    resource_class: Name


class ResourceClassList(Message):
    """The names of all resource classes."""

    op: Literal["resource_class.list"]


class ResourceClassGet(Message):
    """Whether a resource class exists."""

    op: Literal["resource_class.get"]
    name: Name


class TraitList(Message):
    """The names of traits: of these, with this prefix, on some provider (`associated`) or on none."""

    op: Literal["trait.list"]
    names: Absentable[Names] = None
    prefix: Absentable[Prefix] = None
    associated: Absentable[bool] = None


class TraitGet(Message):
    """Whether a trait exists."""

    op: Literal["trait.get"]
    name: Name


class ProviderTraitsGet(Message):
    """The traits of a provider."""

    op: Literal["provider_traits.get"]
    provider: Uuid


class ProviderAggregatesGet(Message):
    """The aggregates of a provider."""

    op: Literal["provider_aggregates.get"]
    provider: Uuid


class AllocationGet(Message):
    """What consumers hold."""

    op: Literal["allocation.get"]
    consumers: Ids


class AllocationList(Paged):
    """Who holds what of providers."""

    op: Literal["allocation.list"]
    providers: Ids


class UsageProvider(Message):
    """How much of each class is used on providers."""

    op: Literal["usage.provider"]
    providers: Ids


class UsageProject(Message):
    """How much of each class a project uses, by consumer type."""

    op: Literal["usage.project"]
    project: Name
    user: Absentable[Name] = None
    type: Absentable[TypeFilter] = None


class CandidatesList(Message):
    """What would meet the request now, in the order of its strategy."""

    op: Literal["candidates.list"]
    request: SearchRequest


class CandidatesExplain(Message):
    """How many were left after each step of the search, and what came nearest."""

    op: Literal["candidates.explain"]
    request: SearchRequest


class ClaimGet(Message):
    """The outcome of an earlier claim."""

    op: Literal["claim.get"]
    claim_id: Uuid


StoredQuery = (
    ProviderGet
    | ProviderList
    | InventoryList
    | InventoryGet
    | ResourceClassList
    | TraitList
    | ResourceClassGet
    | TraitGet
    | ProviderTraitsGet
    | ProviderAggregatesGet
    | AllocationGet
    | AllocationList
    | UsageProvider
    | UsageProject
    | ClaimGet
)
"""What is read as it is stored."""

SearchQuery = CandidatesList | CandidatesExplain
"""What is searched for among all providers."""

AnyQuery = StoredQuery | SearchQuery

QUERIES: Final[TypeAdapter[AnyQuery]] = TypeAdapter(Annotated[AnyQuery, Field(discriminator="op")])
"""Validates any query."""

QUERY_BY_OP: Final[dict[str, type[AnyQuery]]] = {
    get_args(model.model_fields["op"].annotation)[0]: model for model in get_args(AnyQuery)
}


def validate_query(parsed: dict[str, Any]) -> AnyQuery | tuple[Violation, ...]:
    """The query, or all that is wrong with it (at least one violation)."""
    op = parsed.get("op")
    if not isinstance(op, str) or op not in QUERY_BY_OP:
        return (wrong_op(parsed, QUERY_BY_OP),)
    try:
        return QUERY_BY_OP[op].model_validate(parsed)
    except ValidationError as error:
        return violations_of(error, parsed)
