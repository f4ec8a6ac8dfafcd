"""`data` of the events that are no rejections."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.absent import Absentable
from schemas.amounts import Generation, Number
from schemas.message import Told
from schemas.shown import (
    ConsumerChange,
    Fills,
    InventoriesShown,
    ProviderLevels,
    ProviderShown,
    RootChange,
)
from schemas.text import Id, Name

Names = Annotated[tuple[Name, ...], Field(strict=False)]
Ids = Annotated[tuple[Id, ...], Field(strict=False)]


class Outcome(Told):
    """`changed`: whether the claim changed anything; absent in a consequence, which always did."""

    changed: Absentable[bool] = None


class Truncated(Outcome):
    """Stands for data that would have made the event larger than 1 MiB: ids and counts, by what they are of."""

    truncated: Literal[True]
    ids: dict[str, Ids]
    counts: dict[str, Number]


class AllocationsChanged(Outcome):
    """Who holds what now; `providers` are all that were touched, the ones left behind too."""

    consumers: Annotated[tuple[ConsumerChange, ...], Field(strict=False)]
    providers: dict[Id, ProviderLevels]


class AllocationsReleased(AllocationsChanged):
    """As above; `consumers` is empty where `consumer` held nothing."""

    consumer: Absentable[Id] = None


class ProviderChanged(Outcome):
    """The provider as it is now (deleted: as it last was), and descendants whose root changed."""

    provider: ProviderShown
    roots: Annotated[tuple[RootChange, ...], Field(strict=False)] = ()


class InventoriesReplaced(Told):
    """All classes of a provider before and after."""

    before: InventoriesShown
    after: InventoriesShown


class ProvidersReshaped(AllocationsChanged):
    """Who holds what now, and what became of the inventories of the providers that the claim lists."""

    inventories: dict[Id, InventoriesReplaced]


class InventoryChanged(Outcome):
    """All classes of the provider before and after, their fill, and those over capacity."""

    provider: Id
    generation: Generation
    incarnation: Number
    before: InventoriesShown
    after: InventoriesShown
    inventories: Fills
    over_capacity: Names


class TraitsChanged(Outcome):
    """The traits of a provider before and after."""

    provider: Id
    generation: Generation
    incarnation: Number
    before: Names
    after: Names


class AggregatesChanged(Outcome):
    """The aggregates of a provider before and after."""

    provider: Id
    generation: Generation
    incarnation: Number
    before: Ids
    after: Ids


class NameChanged(Outcome):
    """A resource class or trait that was made or removed."""

    name: Name


class NameReplaced(NameChanged):
    """A resource class that has another name now."""

    new_name: Name
