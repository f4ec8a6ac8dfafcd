"""A whole batch decided: claims in order, each on what the ones before it left; no await, no I/O."""

from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import TypeVar, assert_never

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
    PutInventory,
    ReleaseAllocations,
    RenameClass,
    ReplaceAggregates,
    ReplaceInventories,
    ReplaceTraits,
    SetAllocations,
    UpdateProvider,
)
from worker.placement.declare import declare_provider
from worker.placement.diff import writes_of
from worker.placement.grant import Grant
from worker.placement.ids import ConsumerId
from worker.placement.inventories import delete_inventory, put_inventory, replace_inventories
from worker.placement.ledger import Ledger
from worker.placement.links import replace_aggregates, replace_traits
from worker.placement.outcomes import Code, Outcome, Rejected
from worker.placement.plan import Lockable, Plan, Version
from worker.placement.providers import create_provider, delete_provider, update_provider
from worker.placement.refusals import refuse
from worker.placement.snapshot import ConsumerRow, ProviderRow, Snapshot
from worker.placement.touched import consumers_of

Id = TypeVar("Id", bound=str)


CLAIMS_A_TURN = 32
"""Decided in one go: about a ms, for which whoever waits for the processor has to wait."""


def decide(claims: Sequence[Claim], snapshot: Snapshot, lockable: Lockable | None = None) -> Plan:
    """`deciding`, in one go."""
    turns = deciding(claims, snapshot, lockable)
    while True:
        try:
            next(turns)
        except StopIteration as end:
            plan: Plan = end.value
            return plan


def deciding(
    claims: Sequence[Claim], snapshot: Snapshot, lockable: Lockable | None = None
) -> Generator[None, None, Plan]:
    """The plan for a batch that `cut` has let pass, on a snapshot of all that `wanted` names.

    Claims that need a row outside of `lockable`, or a name that an earlier claim of the batch frees, are carried and
    leave no trace; so are later claims of the same consumers, and all later claims where one of them is no allocation
    claim, so that those keep their order.
    """
    ledger = Ledger(snapshot)
    outcomes: list[Outcome] = []
    waiting = _Waiting()
    for position, claim in enumerate(claims):
        if position % CLAIMS_A_TURN == CLAIMS_A_TURN - 1:
            yield
        if waiting.positions and waiting.concerns(claim):
            waiting.add(position, claim)
            continue
        verdict = _verdict(claim, ledger)
        if isinstance(verdict, Rejected):
            outcomes.append(verdict)
        elif _out_of_reach(verdict, lockable) or _takes_freed_name(verdict, ledger):
            waiting.add(position, claim)
        else:
            ledger.apply(verdict)
            outcomes.append(verdict.accepted)
    return Plan(
        outcomes=tuple(outcomes),
        writes=writes_of(ledger),
        providers=_versions(ledger.providers_needed, snapshot.providers),
        consumers=_versions(ledger.consumers_needed, snapshot.consumers),
        carried=tuple(waiting.positions),
    )


class _Waiting:
    """The claims that are carried over, and whom they concern."""

    def __init__(self) -> None:
        self.positions: list[int] = []
        self._consumers: set[ConsumerId] = set()
        self._everyone = False

    def add(self, position: int, claim: Claim) -> None:
        consumers = consumers_of(claim)
        self.positions.append(position)
        self._consumers.update(consumers)
        self._everyone = self._everyone or not consumers

    def concerns(self, claim: Claim) -> bool:
        consumers = consumers_of(claim)
        return self._everyone or not consumers or not self._consumers.isdisjoint(consumers)


def _verdict(claim: Claim, ledger: Ledger) -> Grant | Rejected:
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
        case CreateProvider() | UpdateProvider() | DeleteProvider() | DeclareProvider():
            return _provider_verdict(claim, ledger)
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
        case CreateClass() | RenameClass() | DeleteClass() | EnsureTrait() | DeleteTrait():
            return _catalogue_verdict(claim, ledger)
        case _:
            assert_never(claim)


def _provider_verdict(
    claim: CreateProvider | UpdateProvider | DeleteProvider | DeclareProvider, ledger: Ledger
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


def _out_of_reach(grant: Grant, lockable: Lockable | None) -> bool:
    return lockable is not None and not (
        lockable.providers.issuperset(grant.providers)
        and lockable.providers.issuperset(grant.levels)
        and lockable.providers.issuperset(grant.relied_providers)
        and lockable.consumers.issuperset(grant.consumers)
        and lockable.consumers.issuperset(grant.relied_consumers)
    )


def _takes_freed_name(grant: Grant, ledger: Ledger) -> bool:
    """Whether a name would pass from one provider to another within one write, in whatever order rows are written."""
    return bool(ledger.names_freed) and any(
        row is not None and row.name in ledger.names_freed for row in grant.providers.values()
    )


def _versions(needed: Iterable[Id], rows: Mapping[Id, ProviderRow | ConsumerRow]) -> dict[Id, Version | None]:
    versions: dict[Id, Version | None] = {}
    for name in sorted(needed):
        row = rows.get(name)
        versions[name] = None if row is None else (row.row, row.generation)
    return versions
