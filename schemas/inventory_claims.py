"""Claims on inventories."""

from typing import Literal

from schemas.absent import Absentable
from schemas.amounts import Generation
from schemas.envelope import ClaimEnvelope
from schemas.stock import Inventories, InventoryFields
from schemas.text import Name, Uuid


class InventoryCreate(ClaimEnvelope, InventoryFields):
    """The whole record of a class that the provider has no inventory of."""

    op: Literal["inventory.create"]
    provider: Uuid
    resource_class: Name
    generation: Absentable[Generation] = None


class InventoryUpdate(ClaimEnvelope, InventoryFields):
    """The whole record of a class that the provider has inventory of."""

    op: Literal["inventory.update"]
    provider: Uuid
    resource_class: Name
    generation: Absentable[Generation] = None


class InventoryReplace(ClaimEnvelope):
    """The provider has exactly these inventories."""

    op: Literal["inventory.replace"]
    provider: Uuid
    inventories: Inventories
    generation: Absentable[Generation] = None


class InventoryDelete(ClaimEnvelope):
    """The provider has no inventory of the class any more."""

    op: Literal["inventory.delete"]
    provider: Uuid
    resource_class: Name
    generation: Absentable[Generation] = None


class InventoryClear(ClaimEnvelope):
    """The provider has no inventory at all."""

    op: Literal["inventory.clear"]
    provider: Uuid
    generation: Absentable[Generation] = None
