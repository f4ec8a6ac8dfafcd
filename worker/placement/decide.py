"""A whole batch decided: claims in order, each on what the ones before it left; no await, no I/O."""

from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import TypeVar

from worker.placement.claims import Claim, PlaceAllocations, ReshapeProviders
from worker.placement.diff import writes_of
from worker.placement.grant import Grant
from worker.placement.ids import ConsumerId, ProviderId
from worker.placement.ledger import Ledger
from worker.placement.outcomes import Outcome, Rejected
from worker.placement.permissions import Permits
from worker.placement.plan import Lockable, Plan, Version
from worker.placement.proposals import Proposals
from worker.placement.search.fleet import Fleet
from worker.placement.snapshot import ConsumerRow, ProviderRow, Snapshot
from worker.placement.touched import consumers_of
from worker.placement.verdict import verdict_on

Id = TypeVar("Id", bound=str)


CLAIMS_A_TURN = 32
"""Decided in one go: about a ms, for which whoever waits for the processor has to wait."""


def decide(
    claims: Sequence[Claim], snapshot: Snapshot, lockable: Lockable | None = None, fleet: Fleet | None = None
) -> Plan:
    """`deciding`, in one go."""
    turns = deciding(claims, snapshot, lockable, fleet)
    while True:
        try:
            next(turns)
        except StopIteration as end:
            plan: Plan = end.value
            return plan


def deciding(
    claims: Sequence[Claim],
    snapshot: Snapshot,
    lockable: Lockable | None = None,
    fleet: Fleet | None = None,
    permits: Permits | None = None,
) -> Generator[None, bool | None, Plan]:
    """The plan for a batch that `cut` has let pass, on a snapshot of all that `wanted` names.

    Sent true, it ends there: the rest of the batch stays undecided. So it does before a claim that is to be placed
    where the fleet lacks what the batch itself has moved.

    Claims that need a row outside of `lockable`, or a name that an earlier claim of the batch frees, are carried and
    leave no trace; so are later claims of the same consumers, and all later claims where one of them is no allocation
    claim, so that those keep their order.

    `fleet`: all providers, of a moment after the claims were delivered; a batch with a claim that is to be placed needs
    it. It is told what the batch grants. A place that rests on rows which the fleet has otherwise is carried as well.

    `permits`: for which projects' consumers some of the claims are permitted.
    """
    ledger = Ledger(snapshot)
    proposals = None if fleet is None else Proposals(fleet, ledger)
    among = None if lockable is None else lockable.providers
    outcomes: list[Outcome] = []
    waiting = _Waiting()
    undecided = 0
    for position, claim in enumerate(claims):
        # a search may take as long as many other claims
        if position and (proposals is not None or position % CLAIMS_A_TURN == 0) and (yield):
            undecided = len(claims) - position
            break
        if waiting.positions and waiting.concerns(claim):
            waiting.add(position, claim)
            continue
        if proposals is not None and proposals.outdated and isinstance(claim, PlaceAllocations):
            undecided = len(claims) - position
            break
        verdict = verdict_on(claim, ledger, proposals, among, permits)
        if isinstance(verdict, Rejected):
            outcomes.append(verdict)
        elif verdict is None or _out_of_reach(verdict, lockable) or _takes_freed_name(verdict, ledger):
            waiting.add(position, claim)
        else:
            if proposals is not None:
                proposals.tell(verdict)
            ledger.apply(verdict)
            outcomes.append(verdict.accepted)
    writes = writes_of(ledger)
    return Plan(
        outcomes=tuple(outcomes),
        writes=writes,
        providers=_versions(ledger.providers_needed, ledger.read),
        consumers=_versions(ledger.consumers_needed, snapshot.consumers),
        left=_left(ledger) if writes.are_allocations else {},
        carried=tuple(waiting.positions),
        undecided=undecided,
    )


def _left(ledger: Ledger) -> dict[ProviderId, ProviderRow]:
    """The providers that are written, as they are now; none of them was made or deleted."""
    rows = ((name, ledger.provider(name)) for name in ledger.providers_written)
    return {name: row for name, row in rows if row is not None}


class _Waiting:
    """The claims that are carried over, and whom they concern."""

    def __init__(self) -> None:
        self.positions: list[int] = []
        self._consumers: set[ConsumerId] = set()
        self._everyone = False

    def add(self, position: int, claim: Claim) -> None:
        consumers = _owners(claim)
        self.positions.append(position)
        self._consumers.update(consumers)
        self._everyone = self._everyone or not consumers

    def concerns(self, claim: Claim) -> bool:
        consumers = _owners(claim)
        return self._everyone or not consumers or not self._consumers.isdisjoint(consumers)


def _owners(claim: Claim) -> tuple[ConsumerId, ...]:
    """The consumers that an allocation claim is about; no other claim may overtake, or be overtaken."""
    return () if isinstance(claim, ReshapeProviders) else consumers_of(claim)


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
