"""`data` of `claim.rejected`: one shape of `details` for each group of codes."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.absent import Absentable
from schemas.codes import Code
from schemas.details import (
    CapacityExceeded,
    ClassOfProvider,
    ConsumerConflict,
    Counts,
    DeadlinePassed,
    InUse,
    InvalidInventory,
    Loop,
    Missing,
    NameTaken,
    NotHeld,
    NotPermitted,
    ProviderConflict,
    ProviderTaken,
    ProviderUnavailable,
    RetriesExhausted,
    UnitViolated,
    ViolationTold,
)
from schemas.explanation import Explanation
from schemas.message import Told


class Rejection(Told):
    """Why nothing was changed; `message` is one sentence for people, never to be parsed.

    Where the details would have made the event larger than 1 MiB, their lists are left out, for counts.
    """

    op: str | None
    message: Annotated[str, Field(min_length=1)]
    truncated: Absentable[Literal[True]] = None


class Lasting(Rejection):
    """The same request cannot succeed later."""

    transient: Literal[False]


class Transient(Rejection):
    """The same request may succeed later, under a new `claim_id`."""

    transient: Literal[True]


class RejectedInvalid(Lasting):
    """The message breaks the contract."""

    code: Literal[Code.INVALID_MESSAGE]
    details: Annotated[tuple[ViolationTold, ...], Field(min_length=1, strict=False)]


class RejectedNotPermitted(Lasting):
    """The access policy does not allow it."""

    code: Literal[Code.NOT_PERMITTED]
    details: NotPermitted


class RejectedLate(Lasting):
    """The deadline had passed when the deciding transaction began."""

    code: Literal[Code.DEADLINE_PASSED]
    details: DeadlinePassed


class RejectedLoop(Lasting):
    """The parent is the provider itself or below it."""

    code: Literal[Code.TREE_LOOP]
    details: Loop


class RejectedMissing(Transient):
    """Something that the claim names does not exist."""

    code: Literal[
        Code.PROVIDER_NOT_FOUND,
        Code.PARENT_NOT_FOUND,
        Code.RESOURCE_CLASS_NOT_FOUND,
        Code.TRAIT_NOT_FOUND,
    ]
    details: Missing


class RejectedName(Lasting):
    """The name is taken, or it is a standard one."""

    code: Literal[Code.DUPLICATE_NAME, Code.STANDARD_IMMUTABLE]
    details: NameTaken


class RejectedId(Lasting):
    """The id is taken."""

    code: Literal[Code.DUPLICATE_ID]
    details: ProviderTaken


class RejectedExisting(Lasting):
    """The provider has an inventory of the class already."""

    code: Literal[Code.INVENTORY_EXISTS]
    details: ClassOfProvider


class RejectedConsumerConflict(Transient):
    """The consumer is at another generation."""

    code: Literal[Code.CONSUMER_GENERATION_CONFLICT]
    details: ConsumerConflict


class RejectedProviderConflict(Transient):
    """The provider is at another generation."""

    code: Literal[Code.PROVIDER_GENERATION_CONFLICT]
    details: ProviderConflict


class RejectedExhausted(Transient):
    """Others were first in every try."""

    code: Literal[Code.CONFLICT_RETRIES_EXHAUSTED]
    details: RetriesExhausted


class RejectedNoInventory(Transient):
    """The provider has no inventory of the class."""

    code: Literal[Code.INVENTORY_NOT_FOUND]
    details: ClassOfProvider


class RejectedInventory(Lasting):
    """The fields of an inventory contradict each other."""

    code: Literal[Code.INVALID_INVENTORY]
    details: InvalidInventory


class RejectedUnit(Lasting):
    """The amount does not keep to the units of the inventory."""

    code: Literal[Code.UNIT_CONSTRAINT_VIOLATED]
    details: UnitViolated


class RejectedCapacity(Transient):
    """Not enough is free."""

    code: Literal[Code.CAPACITY_EXCEEDED]
    details: CapacityExceeded


class RejectedUnavailable(Transient):
    """No amount on the provider may grow."""

    code: Literal[Code.PROVIDER_UNAVAILABLE]
    details: ProviderUnavailable


class RejectedNotHeld(Lasting):
    """The consumer holds less than was to be removed."""

    code: Literal[Code.ALLOCATION_NOT_FOUND]
    details: NotHeld


class RejectedNoCandidates(Transient):
    """No providers meet the request."""

    code: Literal[Code.NO_CANDIDATES]
    details: Explanation | Counts


class RejectedInUse(Transient):
    """What was to be removed is in use."""

    code: Literal[
        Code.PROVIDER_HAS_CHILDREN,
        Code.PROVIDER_IN_USE,
        Code.INVENTORY_IN_USE,
        Code.RESOURCE_CLASS_IN_USE,
        Code.TRAIT_IN_USE,
    ]
    details: InUse


AnyRejection = Annotated[
    RejectedInvalid
    | RejectedNotPermitted
    | RejectedLate
    | RejectedLoop
    | RejectedMissing
    | RejectedName
    | RejectedId
    | RejectedExisting
    | RejectedConsumerConflict
    | RejectedProviderConflict
    | RejectedExhausted
    | RejectedNoInventory
    | RejectedInventory
    | RejectedUnit
    | RejectedCapacity
    | RejectedUnavailable
    | RejectedNotHeld
    | RejectedNoCandidates
    | RejectedInUse,
    Field(discriminator="code"),
]
