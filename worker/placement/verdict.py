"""One claim at a time: which rules decide it, once it is permitted and its deadline is kept."""

from typing import assert_never

from worker.placement.allocations import adjust_allocations, release_allocations, set_allocations
from worker.placement.catalogue import create_class, delete_class, delete_trait, ensure_trait, rename_class
from worker.placement.claims import (
    AdjustAllocations,
    Claim,
    CreateClass,
    CreateProvider,
    DeclareProvider,
    DeleteClass,
    DeleteInventory,
    DeleteProvider,
    DeleteTrait,
    EnsureTrait,
    PlaceAllocations,
    PutInventory,
    ReleaseAllocations,
    RenameClass,
    ReplaceAggregates,
    ReplaceInventories,
    ReplaceTraits,
    ReshapeProviders,
    SetAllocations,
    SetState,
    UpdateProvider,
)
from worker.placement.declare import declare_provider
from worker.placement.grant import Grant
from worker.placement.ids import ProviderId
from worker.placement.inventories import delete_inventory, put_inventory, replace_inventories
from worker.placement.ledger import Ledger
from worker.placement.links import replace_aggregates, replace_traits
from worker.placement.outcomes import Code, Rejected
from worker.placement.permissions import Permits, refused_as_found
from worker.placement.place import place_allocations
from worker.placement.proposals import Proposals
from worker.placement.providers import create_provider, delete_provider, set_state, update_provider
from worker.placement.refusals import refuse
from worker.placement.reshape import reshape_providers


def verdict_on(
    claim: Claim,
    ledger: Ledger,
    proposals: Proposals | None,
    among: frozenset[ProviderId] | None,
    permits: Permits | None = None,
) -> Grant | Rejected | None:
    """What comes of the claim now; None: it is to be decided again on other rows (`place_allocations`)."""
    if permits:
        refused = refused_as_found(claim, permits.get(claim.id), ledger)
        if refused is not None:
            return refused
    begun_at = ledger.snapshot.now
    if claim.deadline is not None and claim.deadline < begun_at:
        return refuse(claim.id, Code.DEADLINE_PASSED, [{"deadline": claim.deadline, "begun_at": begun_at}])
    match claim:
        case SetAllocations():
            return set_allocations(claim, ledger)
        case AdjustAllocations():
            return adjust_allocations(claim, ledger)
        case ReleaseAllocations():
            return release_allocations(claim, ledger)
        case PlaceAllocations():
            assert proposals is not None, claim.id  # noqa: S101
            return place_allocations(claim, ledger, proposals, among)
        case CreateProvider() | UpdateProvider() | DeleteProvider() | DeclareProvider() | SetState():
            return _provider_verdict(claim, ledger)
        case ReshapeProviders():
            return reshape_providers(claim, ledger)
        case PutInventory() | ReplaceInventories() | DeleteInventory() | ReplaceTraits() | ReplaceAggregates():
            return _content_verdict(claim, ledger)
        case CreateClass() | RenameClass() | DeleteClass() | EnsureTrait() | DeleteTrait():
            return _catalogue_verdict(claim, ledger)
        case _:
            assert_never(claim)


def _provider_verdict(
    claim: CreateProvider | UpdateProvider | DeleteProvider | DeclareProvider | SetState, ledger: Ledger
) -> Grant | Rejected:
    match claim:
        case CreateProvider():
            return create_provider(claim, ledger)
        case UpdateProvider():
            return update_provider(claim, ledger)
        case DeleteProvider():
            return delete_provider(claim, ledger)
        case DeclareProvider():
            return declare_provider(claim, ledger)
        case SetState():
            return set_state(claim, ledger)
        case _:
            assert_never(claim)


def _catalogue_verdict(
    claim: CreateClass | RenameClass | DeleteClass | EnsureTrait | DeleteTrait, ledger: Ledger
) -> Grant | Rejected:
    match claim:
        case CreateClass():
            return create_class(claim, ledger)
        case RenameClass():
            return rename_class(claim, ledger)
        case DeleteClass():
            return delete_class(claim, ledger)
        case EnsureTrait():
            return ensure_trait(claim, ledger)
        case DeleteTrait():
            return delete_trait(claim, ledger)
        case _:
            assert_never(claim)


def _content_verdict(
    claim: PutInventory | ReplaceInventories | DeleteInventory | ReplaceTraits | ReplaceAggregates, ledger: Ledger
) -> Grant | Rejected:
    match claim:
        case PutInventory():
            return put_inventory(claim, ledger)
        case ReplaceInventories():
            return replace_inventories(claim, ledger)
        case DeleteInventory():
            return delete_inventory(claim, ledger)
        case ReplaceTraits():
            return replace_traits(claim, ledger)
        case ReplaceAggregates():
            return replace_aggregates(claim, ledger)
        case _:
            assert_never(claim)
