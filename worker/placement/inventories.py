"""`inventory.create`, `.update`, `.replace`, `.delete` and `.clear`: what a provider has to give."""

from worker.placement import checks
from worker.placement.claims import DeleteInventory, PutInventory, ReplaceInventories
from worker.placement.grant import Grant
from worker.placement.ids import ClaimId, ResourceClass
from worker.placement.inventory import Stock
from worker.placement.ledger import Ledger
from worker.placement.outcomes import Accepted, Code, Rejected
from worker.placement.refusals import first_broken, refuse
from worker.placement.rows import inventory_changed, stocked, with_stocks
from worker.placement.snapshot import ProviderRow


def put_inventory(claim: PutInventory, ledger: Ledger) -> Grant | Rejected:
    """The provider has exactly this record of the class."""
    row = ledger.provider(claim.provider)
    unknown = checks.missing_classes((claim.resource_class,), ledger)
    if row is None:
        return refuse(claim.id, Code.PROVIDER_NOT_FOUND, [{"providers": [claim.provider]}])
    there = claim.resource_class in row.inventories
    where = [{"provider": claim.provider, "resource_class": claim.resource_class}]
    record = {claim.resource_class: claim.inventory}
    refused = first_broken(
        claim.id,
        (Code.RESOURCE_CLASS_NOT_FOUND, unknown),
        (Code.INVENTORY_EXISTS, where if claim.create and there else []),
        (Code.PROVIDER_GENERATION_CONFLICT, checks.conflict(claim.provider, claim.generation, row)),
        (Code.INVENTORY_NOT_FOUND, where if not claim.create and not there else []),
        (Code.INVALID_INVENTORY, checks.invalid_inventories(claim.provider, record)),
    )
    return refused or _granted(claim.id, row, {**row.inventories, **stocked(row, record)}, ledger)


def replace_inventories(claim: ReplaceInventories, ledger: Ledger) -> Grant | Rejected:
    """The provider has exactly these classes; one that is held cannot go."""
    row = ledger.provider(claim.provider)
    if row is None:
        return refuse(claim.id, Code.PROVIDER_NOT_FOUND, [{"providers": [claim.provider]}])
    dropped = row.inventories.keys() - claim.inventories.keys()
    refused = first_broken(
        claim.id,
        (Code.RESOURCE_CLASS_NOT_FOUND, checks.missing_classes(claim.inventories, ledger)),
        (Code.PROVIDER_GENERATION_CONFLICT, checks.conflict(claim.provider, claim.generation, row)),
        (Code.INVALID_INVENTORY, checks.invalid_inventories(claim.provider, claim.inventories)),
        (Code.INVENTORY_IN_USE, checks.used_classes(row, dropped, ledger)),
    )
    return refused or _granted(claim.id, row, stocked(row, claim.inventories), ledger)


def delete_inventory(claim: DeleteInventory, ledger: Ledger) -> Grant | Rejected:
    """The provider no longer has the class, which nobody holds."""
    row = ledger.provider(claim.provider)
    if row is None:
        return refuse(claim.id, Code.PROVIDER_NOT_FOUND, [{"providers": [claim.provider]}])
    name = claim.resource_class
    where = [{"provider": claim.provider, "resource_class": name}]
    refused = first_broken(
        claim.id,
        (Code.RESOURCE_CLASS_NOT_FOUND, checks.missing_classes((name,), ledger)),
        (Code.PROVIDER_GENERATION_CONFLICT, checks.conflict(claim.provider, claim.generation, row)),
        (Code.INVENTORY_NOT_FOUND, [] if name in row.inventories else where),
        (Code.INVENTORY_IN_USE, checks.used_classes(row, (name,), ledger)),
    )
    left = {kept: stock for kept, stock in row.inventories.items() if kept != name}
    return refused or _granted(claim.id, row, left, ledger)


def _granted(claim: ClaimId, row: ProviderRow, stocks: dict[ResourceClass, Stock], ledger: Ledger) -> Grant:
    if stocks == row.inventories:
        return Grant(accepted=Accepted(claim, False, inventory_changed(row, row)), relied_providers=(row.id,))
    new = with_stocks(row, row.generation + 1, stocks, ledger.snapshot.now)
    return Grant(accepted=Accepted(claim, True, inventory_changed(row, new)), providers={row.id: new})
