"""Providers, inventories and consumers as events and replies show them."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.amounts import AllocationsTold, Amount, Count, Generation, Number, Ratio
from schemas.message import Told
from schemas.text import ConsumerType, Id, Moment, Name, ProviderName

State = Literal["enabled", "draining"]


class ProviderShown(Told):
    """A provider. Order what is told of it by (incarnation, generation)."""

    provider: Id
    name: ProviderName
    generation: Generation
    incarnation: Number
    parent: Id | None
    root: Id
    state: State
    created_at: Moment
    updated_at: Moment


class InventoryShown(Told):
    """An inventory with all of its fields."""

    total: Amount
    reserved: Count
    min_unit: Amount
    max_unit: Amount
    step_size: Amount
    allocation_ratio: Ratio


class Fill(Told):
    """How much of a class can be handed out, and how much is; used may be above capacity."""

    capacity: Number
    used: Number


InventoriesShown = dict[Name, InventoryShown]
Fills = dict[Name, Fill]


class ProviderLevels(Told):
    """A provider after the claim: every class it has inventory of."""

    generation: Generation
    incarnation: Number
    inventories: Fills


class ConsumerChange(Told):
    """What a consumer held and holds; generation null: it holds nothing now."""

    id: Id
    project: Name
    user: Name
    type: ConsumerType | None
    generation: Generation | None
    before: AllocationsTold
    after: AllocationsTold
    mappings: dict[str, Annotated[tuple[Id, ...], Field(min_length=1, strict=False)]] | None = None


class RootChange(Told):
    """A descendant that came under another root; its own generation advanced too."""

    provider: Id
    generation: Generation
    incarnation: Number
    root: Id
