"""`provider.declare`: a provider created or brought to exactly what the claim says, as one change."""

from dataclasses import replace

from worker.placement import checks
from worker.placement.claims import DeclareProvider
from worker.placement.grant import Grant
from worker.placement.ids import ProviderId
from worker.placement.ledger import Ledger
from worker.placement.outcomes import Accepted, Change, Code, ProviderCreated, ProviderUpdated, Rejected, RootChanged
from worker.placement.refusals import first_broken
from worker.placement.rows import aggregates_changed, inventory_changed, new_row, shown, stocked, traits_changed
from worker.placement.snapshot import ProviderRow
from worker.placement.tree import moved, path_down, relied_parents


def declare_provider(claim: DeclareProvider, ledger: Ledger) -> Grant | Rejected:
    """The provider is exactly this; its state and what is handed out of it stay."""
    row = ledger.provider(claim.provider)
    parent = None if claim.parent is None else ledger.provider(claim.parent)
    refused = _refused(claim, row, parent, ledger)
    if refused is not None:
        return refused
    if row is None:
        return _created(claim, parent, ledger)
    new, descendants, roots = _brought(claim, row, parent, ledger)
    if new is row:
        return Grant(accepted=Accepted(claim.id, False, ProviderUpdated(shown(row))), relied_providers=(row.id,))
    moves = claim.parent != row.parent
    return Grant(
        accepted=Accepted(claim.id, True, ProviderUpdated(shown(new), roots), _consequences(row, new)),
        providers={new.id: new, **descendants},
        relied_providers=relied_parents(row, ledger) | relied_parents(parent, ledger) if moves else (),
    )


def _refused(
    claim: DeclareProvider, row: ProviderRow | None, parent: ProviderRow | None, ledger: Ledger
) -> Rejected | None:
    path = path_down(claim.provider, claim.parent, ledger)
    dropped = set() if row is None else row.inventories.keys() - claim.inventories.keys()
    return first_broken(
        claim.id,
        (Code.TREE_LOOP, [{"path": path}] if path else []),
        (Code.PARENT_NOT_FOUND, [{"providers": [claim.parent]}] if claim.parent is not None and parent is None else []),
        (Code.RESOURCE_CLASS_NOT_FOUND, checks.missing_classes(claim.inventories, ledger)),
        (Code.TRAIT_NOT_FOUND, checks.missing_traits(claim.traits, ledger)),
        (Code.DUPLICATE_NAME, checks.taken_name(claim.name, claim.provider, ledger)),
        (Code.PROVIDER_GENERATION_CONFLICT, checks.conflict(claim.provider, claim.generation, row)),
        (Code.INVALID_INVENTORY, checks.invalid_inventories(claim.provider, claim.inventories)),
        (Code.INVENTORY_IN_USE, [] if row is None else checks.used_classes(row, dropped, ledger)),
    )


def _created(claim: DeclareProvider, parent: ProviderRow | None, ledger: Ledger) -> Grant:
    bare = new_row(ledger.next_row, claim.provider, claim.name, parent, ledger.snapshot.now)
    row = replace(bare, inventories=stocked(bare, claim.inventories), traits=claim.traits, aggregates=claim.aggregates)
    return Grant(
        accepted=Accepted(claim.id, True, ProviderCreated(shown(row)), _consequences(bare, row)),
        providers={row.id: row},
        relied_providers=relied_parents(parent, ledger),
    )


def _brought(
    claim: DeclareProvider, row: ProviderRow, parent: ProviderRow | None, ledger: Ledger
) -> tuple[ProviderRow, dict[ProviderId, ProviderRow], tuple[RootChanged, ...]]:
    stocks = stocked(row, claim.inventories)
    same = (claim.name, stocks, claim.traits, claim.aggregates) == (
        row.name,
        row.inventories,
        row.traits,
        row.aggregates,
    )
    if same and claim.parent == row.parent:
        return row, {}, ()
    new = replace(
        row,
        name=claim.name,
        inventories=stocks,
        traits=claim.traits,
        aggregates=claim.aggregates,
        generation=row.generation + 1,
        updated_at=ledger.snapshot.now,
    )
    return (new, {}, ()) if claim.parent == row.parent else moved(row, new, parent, ledger)


def _consequences(old: ProviderRow, new: ProviderRow) -> tuple[Change, ...]:
    changes: list[Change] = []
    if old.inventories != new.inventories:
        changes.append(inventory_changed(old, new))
    if old.traits != new.traits:
        changes.append(traits_changed(old, new))
    if old.aggregates != new.aggregates:
        changes.append(aggregates_changed(old, new))
    return tuple(changes)
