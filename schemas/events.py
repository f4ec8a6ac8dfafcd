"""All events: CloudEvents envelopes around their `data`."""

from typing import Annotated, Final, Literal, Self, get_args

from pydantic import ConfigDict, Field, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError

from schemas.absent import Absentable
from schemas.message import Told, also
from schemas.outcome_parts import (
    AggregatesChanged,
    AllocationsChanged,
    AllocationsReleased,
    InventoryChanged,
    NameChanged,
    NameReplaced,
    ProviderChanged,
    ProvidersReshaped,
    TraitsChanged,
    Truncated,
)
from schemas.rejections import AnyRejection
from schemas.text import Id, Moment, Traceparent
from schemas.wire import read_object


class Event(Told):
    """What all events have. `id` is the same on every publication; `time` is that of the deciding transaction."""

    specversion: Literal["1.0"]
    id: Id
    source: Annotated[str, Field(min_length=1)]
    subject: Absentable[str] = None
    time: Moment
    traceparent: Absentable[Traceparent] = None
    dataschema: Annotated[str, Field(min_length=1)]
    datacontenttype: Absentable[Literal["application/json"]] = None


class OutcomeEvent(Event):
    """The one outcome of the claim `claimid`."""

    claimid: Id


class AcceptedEvent(OutcomeEvent):
    """An outcome that is no rejection: it says whether anything was changed."""

    model_config = ConfigDict(json_schema_extra=also(allOf=[{"properties": {"data": {"required": ["changed"]}}}]))

    @model_validator(mode="after")
    def _says_whether_it_changed_anything(self) -> Self:
        _require_changed(getattr(self, "data", None))
        return self


class ConsequenceEvent(Event):
    """The outcome of the claim `claimid`, or a consequence of the claim `causeid`."""

    model_config = ConfigDict(
        json_schema_extra=also(
            oneOf=[
                {"required": ["claimid"], "properties": {"data": {"required": ["changed"]}}},
                {"required": ["causeid"]},
            ]
        )
    )

    claimid: Absentable[Id] = None
    causeid: Absentable[Id] = None

    @model_validator(mode="after")
    def _is_one_of_the_two(self) -> Self:
        if (self.claimid is None) == (self.causeid is None):
            raise PydanticCustomError("oneOf", "claimid or causeid", {"limit": ["claimid", "causeid"]})
        if self.claimid is not None:
            _require_changed(getattr(self, "data", None))
        return self


def _require_changed(part: object) -> None:
    if getattr(part, "changed", False) is None:
        raise PydanticCustomError("required", "an outcome says whether it changed anything", {"limit": None})


class AllocationGranted(AcceptedEvent):
    """Outcome of set, set_many, adjust and place; also when nothing is left."""

    type: Literal["allocation.granted"]
    data: AllocationsChanged | Truncated


class AllocationReleased(AcceptedEvent):
    """Outcome of release."""

    type: Literal["allocation.released"]
    data: AllocationsReleased | Truncated


class ProviderCreated(AcceptedEvent):
    """Outcome of create, and of declare for a new provider."""

    type: Literal["provider.created"]
    data: ProviderChanged | Truncated


class ProviderUpdated(AcceptedEvent):
    """Outcome of update, and of declare for a known provider."""

    type: Literal["provider.updated"]
    data: ProviderChanged | Truncated


class ProviderDeleted(AcceptedEvent):
    """Outcome of delete."""

    type: Literal["provider.deleted"]
    data: ProviderChanged | Truncated


class ProviderStateChanged(AcceptedEvent):
    """Outcome of set_state."""

    type: Literal["provider.state_changed"]
    data: ProviderChanged | Truncated


class ProviderReshaped(AcceptedEvent):
    """Outcome of reshape."""

    type: Literal["provider.reshaped"]
    data: ProvidersReshaped | Truncated


class InventoryChangedEvent(ConsequenceEvent):
    """Outcome of the claims on inventories; consequence of declare."""

    type: Literal["inventory.changed"]
    data: InventoryChanged | Truncated


class ProviderTraitsChanged(ConsequenceEvent):
    """Outcome of the claims on a provider's traits; consequence of declare."""

    type: Literal["provider_traits.changed"]
    data: TraitsChanged | Truncated


class ProviderAggregatesChanged(ConsequenceEvent):
    """Outcome of the claim on a provider's aggregates; consequence of declare."""

    type: Literal["provider_aggregates.changed"]
    data: AggregatesChanged | Truncated


class ResourceClassCreated(AcceptedEvent):
    """Outcome of create and ensure."""

    type: Literal["resource_class.created"]
    data: NameChanged


class ResourceClassRenamed(AcceptedEvent):
    """Outcome of rename."""

    type: Literal["resource_class.renamed"]
    data: NameReplaced


class ResourceClassDeleted(AcceptedEvent):
    """Outcome of delete."""

    type: Literal["resource_class.deleted"]
    data: NameChanged


class TraitCreated(AcceptedEvent):
    """Outcome of ensure."""

    type: Literal["trait.created"]
    data: NameChanged


class TraitDeleted(AcceptedEvent):
    """Outcome of delete."""

    type: Literal["trait.deleted"]
    data: NameChanged


class ClaimRejected(OutcomeEvent):
    """Outcome of any claim that a rule refuses."""

    type: Literal["claim.rejected"]
    data: AnyRejection


AnyEvent = (
    AllocationGranted
    | AllocationReleased
    | ProviderCreated
    | ProviderUpdated
    | ProviderDeleted
    | ProviderStateChanged
    | ProviderReshaped
    | InventoryChangedEvent
    | ProviderTraitsChanged
    | ProviderAggregatesChanged
    | ResourceClassCreated
    | ResourceClassRenamed
    | ResourceClassDeleted
    | TraitCreated
    | TraitDeleted
    | ClaimRejected
)

EVENTS: Final[TypeAdapter[AnyEvent]] = TypeAdapter(Annotated[AnyEvent, Field(discriminator="type")])
"""Validates any event, ignoring fields that a newer worker may add."""

EVENT_BY_TYPE: Final[dict[str, type[AnyEvent]]] = {
    get_args(model.model_fields["type"].annotation)[0]: model for model in get_args(AnyEvent)
}


def read_event(body: bytes) -> AnyEvent:
    """The event in a message; raises Unreadable or pydantic's ValidationError."""
    return EVENTS.validate_python(read_object(body))


def read_exact_event(body: bytes) -> AnyEvent:
    """As `read_event`, refusing fields that are not of this version: what the worker itself is tested with."""
    return EVENTS.validate_python(read_object(body), extra="forbid")
