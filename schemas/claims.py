"""All claims: one model an op."""

from typing import Annotated, Final, get_args

from pydantic import Field, TypeAdapter

from schemas.allocation_claims import (
    AllocationAdjust,
    AllocationPlace,
    AllocationRelease,
    AllocationSet,
    AllocationSetMany,
)
from schemas.inventory_claims import (
    InventoryClear,
    InventoryCreate,
    InventoryDelete,
    InventoryReplace,
    InventoryUpdate,
)
from schemas.name_claims import (
    ResourceClassCreate,
    ResourceClassDelete,
    ResourceClassEnsure,
    ResourceClassRename,
    TraitDelete,
    TraitEnsure,
)
from schemas.provider_claims import (
    ProviderAggregatesReplace,
    ProviderCreate,
    ProviderDeclare,
    ProviderDelete,
    ProviderSetState,
    ProviderTraitsClear,
    ProviderTraitsReplace,
    ProviderUpdate,
)
from schemas.reshape_claim import ProviderReshape

AnyClaim = (
    ProviderCreate
    | ProviderUpdate
    | ProviderDelete
    | ProviderDeclare
    | ProviderSetState
    | InventoryCreate
    | InventoryUpdate
    | InventoryReplace
    | InventoryDelete
    | InventoryClear
    | ResourceClassCreate
    | ResourceClassEnsure
    | ResourceClassRename
    | ResourceClassDelete
    | TraitEnsure
    | TraitDelete
    | ProviderTraitsReplace
    | ProviderTraitsClear
    | ProviderAggregatesReplace
    | AllocationSet
    | AllocationSetMany
    | AllocationAdjust
    | AllocationPlace
    | AllocationRelease
    | ProviderReshape
)

Claim = Annotated[AnyClaim, Field(discriminator="op")]

CLAIMS: Final[TypeAdapter[AnyClaim]] = TypeAdapter(Claim)
"""Validates any claim."""

CLAIM_BY_OP: Final[dict[str, type[AnyClaim]]] = {
    get_args(model.model_fields["op"].annotation)[0]: model for model in get_args(AnyClaim)
}
"""The model of each op, in the order of the contract."""
