"""`details` of rejections: the numbers the decision was made on, at the first place where the rule is broken.

Further places (OTHERS_MAX at most) stand in `others`.
"""

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import Field

from schemas.absent import Absentable
from schemas.amounts import Generation, Number
from schemas.message import Told
from schemas.shown import State
from schemas.text import Id, Moment, Name

OTHERS_MAX = 20
EXAMPLES_MAX = 20

_Place = TypeVar("_Place", bound=Told)


class Others(Told, Generic[_Place]):
    """The further places where the rule is broken."""

    others: Annotated[tuple[_Place, ...], Field(max_length=OTHERS_MAX, strict=False)] = ()


class ViolationTold(Told):
    """`path`: keys from the root; `rule`: the JSON Schema keyword that failed, or a rule the contract names."""

    path: Annotated[tuple[str | int, ...], Field(strict=False)]
    rule: str
    limit: Any
    value: Any


class NotPermitted(Told):
    """Who wanted what for which project."""

    user: str | None
    op: str
    project: str | None


class DeadlinePassed(Told):
    """The database's time when the deciding transaction began, and the deadline before it."""

    deadline: Moment
    begun_at: Moment


class Loop(Told):
    """The providers of the loop."""

    path: Annotated[tuple[Id, ...], Field(min_length=1, strict=False)]


class MissingPlace(Told):
    """What does not exist; lists of other kinds are left out. `counts` stands for the lists of a truncated event."""

    providers: Absentable[Annotated[tuple[Id, ...], Field(strict=False)]] = None
    resource_classes: Absentable[Annotated[tuple[Name, ...], Field(strict=False)]] = None
    traits: Absentable[Annotated[tuple[Name, ...], Field(strict=False)]] = None
    counts: Absentable[dict[str, Number]] = None


class Counts(Told):
    """Stands for the lists of a truncated event."""

    counts: dict[str, Number]


class NamePlace(Told):
    """A name that is taken."""

    name: Name


class ProviderPlace(Told):
    """A provider id that is taken."""

    provider: Id


class ClassPlace(Told):
    """A resource class of a provider."""

    provider: Id
    resource_class: Name


class ConsumerConflictPlace(Told):
    """`expected` as the claim said, null: to hold nothing; `found` null: it does not exist."""

    consumer: Id
    expected: Generation | None
    found: Generation | None


class ProviderConflictPlace(Told):
    """`expected` as the claim said; `found` null: it does not exist."""

    provider: Id
    expected: Generation | None
    found: Generation | None


class RetriesExhausted(Told):
    """How often the claim met a moved row."""

    tries: Number


class InventoryPlace(ClassPlace):
    """The field that contradicts another one by the rule."""

    field: str
    value: int
    rule: str


class UnitPlace(ClassPlace):
    """The amount, and the unit it does not keep to."""

    consumer: Id
    amount: Number
    rule: Literal["min_unit", "max_unit", "step_size"]
    limit: Number


class CapacityPlace(ClassPlace):
    """What there is, what others hold, what was asked; `free` is negative where the class is over capacity."""

    consumer: Id
    capacity: Number
    used: Number
    requested: Number
    free: int


class StatePlace(Told):
    """A provider and its state."""

    provider: Id
    state: State


class HeldPlace(ClassPlace):
    """What the consumer holds, and what was to be removed."""

    consumer: Id
    held: Number
    requested: Number


class InUsePlace(Told):
    """By how many a thing is used (children, consumers or providers), and the first few of them by id."""

    provider: Absentable[Id] = None
    resource_classes: Absentable[Annotated[tuple[Name, ...], Field(strict=False)]] = None
    traits: Absentable[Annotated[tuple[Name, ...], Field(strict=False)]] = None
    count: Number
    examples: Annotated[tuple[Id, ...], Field(max_length=EXAMPLES_MAX, strict=False)]


class Missing(MissingPlace, Others[MissingPlace]):
    """The first place, and the further ones."""


class NameTaken(NamePlace, Others[NamePlace]):
    """The first place, and the further ones."""


class ProviderTaken(ProviderPlace, Others[ProviderPlace]):
    """The first place, and the further ones."""


class ClassOfProvider(ClassPlace, Others[ClassPlace]):
    """The first place, and the further ones."""


class ConsumerConflict(ConsumerConflictPlace, Others[ConsumerConflictPlace]):
    """The first place, and the further ones."""


class ProviderConflict(ProviderConflictPlace, Others[ProviderConflictPlace]):
    """The first place, and the further ones."""


class InvalidInventory(InventoryPlace, Others[InventoryPlace]):
    """The first place, and the further ones."""


class UnitViolated(UnitPlace, Others[UnitPlace]):
    """The first place, and the further ones."""


class CapacityExceeded(CapacityPlace, Others[CapacityPlace]):
    """The first place, and the further ones."""


class ProviderUnavailable(StatePlace, Others[StatePlace]):
    """The first place, and the further ones."""


class NotHeld(HeldPlace, Others[HeldPlace]):
    """The first place, and the further ones."""


class InUse(InUsePlace, Others[InUsePlace]):
    """The first place, and the further ones."""
