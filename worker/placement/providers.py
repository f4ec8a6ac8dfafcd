"""`provider.create`, `.update`, `.set_state` and `.delete`."""

from dataclasses import replace

from worker.placement import checks
from worker.placement.claims import CreateProvider, DeleteProvider, SetState, UpdateProvider
from worker.placement.grant import Grant
from worker.placement.ledger import Ledger
from worker.placement.outcomes import (
    Accepted,
    Code,
    ProviderCreated,
    ProviderDeleted,
    ProviderStateChanged,
    ProviderUpdated,
    Rejected,
)
from worker.placement.refusals import Place, first_broken, refuse
from worker.placement.rows import new_row, shown
from worker.placement.snapshot import EXAMPLES_MAX, ProviderRow
from worker.placement.tree import moved, path_down, relied_parents


def create_provider(claim: CreateProvider, ledger: Ledger) -> Grant | Rejected:
    """A new provider at generation 0, under a parent that exists or as a root."""
    parent = None if claim.parent is None else ledger.provider(claim.parent)
    there = claim.provider in ledger.providers
    refused = first_broken(
        claim.id,
        (Code.TREE_LOOP, [{"path": [claim.provider]}] if claim.parent == claim.provider else []),
        (Code.PARENT_NOT_FOUND, [{"providers": [claim.parent]}] if claim.parent is not None and parent is None else []),
        (Code.DUPLICATE_NAME, checks.taken_name(claim.name, None, ledger)),
        (Code.DUPLICATE_ID, [{"provider": claim.provider}] if there else []),
    )
    if refused is not None:
        return refused
    row = new_row(ledger.next_row, claim.provider, claim.name, parent, ledger.snapshot.now)
    accepted = Accepted(claim.id, True, ProviderCreated(shown(row)))
    return Grant(accepted=accepted, providers={row.id: row}, relied_providers=relied_parents(parent, ledger))


def update_provider(claim: UpdateProvider, ledger: Ledger) -> Grant | Rejected:
    """Another name or another parent; with a provider its descendants come under the new root."""
    row = ledger.provider(claim.provider)
    parent_id = claim.parent if isinstance(claim.parent, str) else None
    loop: list[Place] = [{"path": path} for path in [path_down(claim.provider, parent_id, ledger)] if path]
    if loop:
        return refuse(claim.id, Code.TREE_LOOP, loop)
    if row is None:
        return refuse(claim.id, Code.PROVIDER_NOT_FOUND, [{"providers": [claim.provider]}])
    parent = None if parent_id is None else ledger.provider(parent_id)
    name = claim.name if isinstance(claim.name, str) else row.name
    refused = first_broken(
        claim.id,
        (Code.PARENT_NOT_FOUND, [{"providers": [parent_id]}] if parent_id is not None and parent is None else []),
        (Code.DUPLICATE_NAME, checks.taken_name(name, claim.provider, ledger)),
        (Code.PROVIDER_GENERATION_CONFLICT, checks.conflict(claim.provider, claim.generation, row)),
    )
    if refused is not None:
        return refused
    stays = not (claim.parent is None or isinstance(claim.parent, str)) or parent_id == row.parent
    return _updated(claim, row, name, None if stays else (parent,), ledger)


def _updated(
    claim: UpdateProvider, row: ProviderRow, name: str, move: tuple[ProviderRow | None] | None, ledger: Ledger
) -> Grant:
    if move is None and name == row.name:
        return Grant(accepted=Accepted(claim.id, False, ProviderUpdated(shown(row))), relied_providers=(row.id,))
    new = replace(row, name=name, generation=row.generation + 1, updated_at=ledger.snapshot.now)
    if move is None:
        return Grant(accepted=Accepted(claim.id, True, ProviderUpdated(shown(new))), providers={row.id: new})
    new, descendants, roots = moved(row, new, move[0], ledger)
    return Grant(
        accepted=Accepted(claim.id, True, ProviderUpdated(shown(new), roots)),
        providers={new.id: new, **descendants},
        relied_providers=relied_parents(row, ledger) | relied_parents(move[0], ledger),
    )


def set_state(claim: SetState, ledger: Ledger) -> Grant | Rejected:
    """The provider is in that state; what stands below it and what is handed out of it stay as they are."""
    row = ledger.provider(claim.provider)
    if row is None:
        return refuse(claim.id, Code.PROVIDER_NOT_FOUND, [{"providers": [claim.provider]}])
    if claim.state == row.state:
        unchanged = Accepted(claim.id, False, ProviderStateChanged(shown(row)))
        return Grant(accepted=unchanged, relied_providers=(row.id,))
    new = replace(row, state=claim.state, generation=row.generation + 1, updated_at=ledger.snapshot.now)
    return Grant(accepted=Accepted(claim.id, True, ProviderStateChanged(shown(new))), providers={row.id: new})


def delete_provider(claim: DeleteProvider, ledger: Ledger) -> Grant | Rejected:
    """A provider without children or allocations goes, with its inventories and links."""
    row = ledger.provider(claim.provider)
    if row is None:
        return refuse(claim.id, Code.PROVIDER_NOT_FOUND, [{"providers": [claim.provider]}])
    children = ledger.children(claim.provider)
    family = {"provider": claim.provider, "count": len(children), "examples": children[:EXAMPLES_MAX]}
    refused = first_broken(
        claim.id,
        (Code.PROVIDER_GENERATION_CONFLICT, checks.conflict(claim.provider, claim.generation, row)),
        (Code.PROVIDER_HAS_CHILDREN, [family] if children else []),
        (Code.PROVIDER_IN_USE, checks.used_classes(row, row.inventories, ledger)),
    )
    return refused or Grant(accepted=Accepted(claim.id, True, ProviderDeleted(shown(row))), providers={row.id: None})
