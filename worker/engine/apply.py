"""The route of a claim through one transaction, a batch at a time; `Route._decide` has its steps in order."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from schemas.parked import ParkedReason
from worker.engine.access import Access
from worker.engine.ahead import Abandoned, InHand, Standing
from worker.engine.intake import Incoming, Parked
from worker.engine.locking import lockable, moved
from worker.engine.ports import Store, Transaction
from worker.engine.remembered import Remembered
from worker.engine.render import Renderer
from worker.engine.resident import Resident, Trial
from worker.engine.turns import beside, in_turns
from worker.engine.work import Encoded, Verdict, Work, recording, told
from worker.faults import Conflict
from worker.messages import Delivery, Record, Recorded
from worker.placement.decide import deciding
from worker.placement.ids import ClaimId
from worker.placement.overlay import overlaid
from worker.placement.plan import Lockable, Locked, Plan
from worker.placement.snapshot import Wanted
from worker.placement.wanted import wanted
from worker.telemetry import Stage, Telemetry

READ_FIRST_EVERY = 16
"""Batches that lock first hardly see a conflict; one in so many reads first, to find out whether they have ceased."""

NOTHING_HELD = Locked({}, {})

DECIDING_MAX_S = 1.0
"""Far below what the database grants an idle transaction; what there is no time for goes first in the next batch."""

STANDING_WAIT_MAX_S = 2.0
"""For the batch ahead, which may be loading all providers: below what the database grants an idle transaction."""

REUSED = "The claim_id is known with another body; every claim needs an id of its own."


@dataclass(slots=True)
class Applied:
    """A batch whose transaction is committed: what to publish, park and settle, and what waits for the next one.

    `batch`: the number under which its outcomes await their confirm; None where nothing new was decided.
    `confirmed`: earlier batches that the transaction marked as confirmed.
    """

    batch: int | None = None
    confirmed: Sequence[int] = ()
    answered: list[tuple[Record | Recorded, list[Delivery]]] = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)
    deferred: list[Incoming] = field(default_factory=list)


class Route:
    """Takes batches through the transaction. Conflicts, outages and bugs leave it as exceptions, nothing done."""

    def __init__(  # noqa: PLR0913 - parts that the composition root puts together
        self,
        store: Store,
        renderer: Renderer,
        telemetry: Telemetry,
        carries_max: int,
        now: Callable[[], float],
        *,
        access: Access | None = None,
    ) -> None:
        """`now`: seconds, monotonic. `access`: without one everybody may do what the broker lets through."""
        self._store = store
        self._renderer = renderer
        self._telemetry = telemetry
        self._carries_max = carries_max
        self._now = now
        self._access = access
        self._resident = Resident(store)
        self._remembered = Remembered()
        self._lock_first = 0
        self._hurried: set[Trial] = set()
        self._calm = asyncio.Event()
        self._calm.set()

    async def calm(self) -> None:
        """Waits while locks are held for which another worker waits: the sooner they are let go, the better."""
        await self._calm.wait()

    async def apply(self, batch: Sequence[Incoming], confirmed: Sequence[int], hand: InHand) -> Applied:
        """Decide and write a batch; `confirmed` are earlier batches whose events are confirmed.

        It may begin while the batch ahead is still being written. Raises `Abandoned` where that does not commit.
        """
        applied = Applied(confirmed=confirmed)
        grouped: dict[ClaimId, list[Incoming]] = {}
        for incoming in batch:
            grouped.setdefault(incoming.claim, []).append(incoming)
        with self._telemetry.time_in(Stage.TRANSACTION):
            work, decision = await self._transact(grouped, applied, hand)
        self._telemetry.repeated.inc(sum(len(again) for _, again in applied.answered))
        if decision is not None:
            encoded = await self._encoded(decision)
            applied.answered.extend(encoded)
            applied.deferred = work.deferred(decision.plan)
            self._telemetry.carried.inc(len(decision.plan.carried))
            self._telemetry.decided(told(decision.verdicts, [record for record, _ in encoded]))
        return applied

    async def _transact(
        self, grouped: dict[ClaimId, list[Incoming]], applied: Applied, hand: InHand
    ) -> "tuple[Work, _Decision | None]":
        trial, sound = Trial(self._resident), False
        try:
            async with self._store.transaction() as transaction:
                with self._telemetry.time_in(Stage.INBOX):
                    known = await transaction.keep_fresh(list(grouped), applied.confirmed)
                work = Work(self._keep_fresh(grouped, known, applied), self._carries_max, self._access)
                at_work = _AtWork(transaction, work, trial)
                decision = await self._decide(at_work, applied, hand) if work else None
            trial.commit()
            if decision is not None:
                self._remembered.keep(decision.catalogue, decision.plan)
            sound = True
        except Abandoned:
            sound = True  # whatever failed, it was not what this batch knew
            raise
        finally:
            if not sound:
                self._remembered.forget()
            self._relax(trial)
            trial.undo()
        hand.commit()
        return work, decision

    def _keep_fresh(
        self, grouped: dict[ClaimId, list[Incoming]], known: Mapping[ClaimId, Recorded], applied: Applied
    ) -> list[list[Incoming]]:
        """The claims without an outcome; repeated ones get theirs again, other bodies under their ids are parked."""
        fresh = []
        for claim, deliveries in grouped.items():
            recorded = known.get(claim)
            body = recorded.fingerprint if recorded else deliveries[0].fingerprint
            same = [incoming for incoming in deliveries if incoming.fingerprint == body]
            others = (incoming.delivery for incoming in deliveries if incoming.fingerprint != body)
            applied.parked.extend(Parked(other, ParkedReason.CLAIM_ID_REUSED, REUSED, claim=claim) for other in others)
            if recorded is None:
                fresh.append(same)
            elif same:
                applied.answered.append((recorded, [incoming.delivery for incoming in same]))
        return fresh

    async def _decide(self, at: "_AtWork", applied: Applied, hand: InHand) -> "_Decision":
        """Read, decide, lock, compare, write; decides again, on locked rows alone, when one has moved.

        Outcomes are encoded while the database locks.
        """
        named = wanted(at.work.claims)
        first = self._locks_first(at.work)
        held = await self._lock_providers(at, named) if first else NOTHING_HELD
        among = Lockable(frozenset(named.providers), frozenset(named.consumers)) if first else None
        decision = await self._read_and_decide(at, named, among, hand.after)
        async with beside(self._encoded(decision)) as encoding:
            with self._telemetry.time_in(Stage.LOCK):
                locked = await _lock(at.transaction, decision.plan, held)
                if hand.after and not await hand.after.committed():
                    raise Abandoned("the batch ahead did not commit")
            if not moved(decision.plan, locked):
                await self._write(at, decision, await encoding, applied, hand)
                return decision
        self._telemetry.conflicts.inc()
        self._lock_first = READ_FIRST_EVERY
        self._hurry(at.trial)
        decision = await self._read_and_decide(at, named, lockable(decision.plan, locked))
        if moved(decision.plan, locked):
            at.trial.distrust()
            raise Conflict("what was decided under the locks does not rest on the locked rows")
        await self._write(at, decision, await self._encoded(decision, alone=True), applied, hand)
        return decision

    async def _write(
        self,
        at: "_AtWork",
        decision: "_Decision",
        encoded: Sequence[Encoded],
        applied: Applied,
        hand: InHand,
    ) -> None:
        """The rows are locked and as they were read: the batch behind may rely on the plan, which is written."""
        plan = decision.plan
        at.trial.stand(plan)
        if at.work.leaves_nothing(plan) and plan.writes.are_allocations:
            hand.stand(Standing(plan, decision.catalogue, at.trial.used))
        with self._telemetry.time_in(Stage.WRITE):
            applied.batch = await at.transaction.write_plan(plan.writes, [record for record, _ in encoded])

    @property
    def locks_first(self) -> bool:
        """Whether the next batch locks providers before it reads, so that it has to wait for the one ahead."""
        return bool(self._lock_first)

    def _locks_first(self, work: Work) -> bool:
        """After a conflict the next batches lock the providers they name, then read; not where claims may need more."""
        if not self._lock_first or work.carried_before or work.places:
            return False
        self._lock_first -= 1
        return True

    async def _lock_providers(self, at: "_AtWork", named: Wanted) -> Locked:
        """Consumers are locked later, after all providers as always: they are many, and hardly ever another's too."""
        with self._telemetry.time_in(Stage.LOCK):
            locked = await at.transaction.lock(named.providers, (), ())
        self._hurry(at.trial)
        return locked

    def _hurry(self, trial: Trial) -> None:
        """This batch holds locks for which another worker waits."""
        self._hurried.add(trial)
        self._calm.clear()

    def _relax(self, trial: Trial) -> None:
        """This batch holds nothing any more."""
        self._hurried.discard(trial)
        if not self._hurried:
            self._calm.set()

    async def _read_and_decide(
        self, at: "_AtWork", named: Wanted, among: Lockable | None, after: InHand | None = None
    ) -> "_Decision":
        work, alone = at.work, among is not None
        with self._telemetry.time_in(Stage.READ):
            snapshot = await at.transaction.load_snapshot(self._remembered.among(named))
        ahead = await self._stood(after, with_view=work.places) if after else None
        # read after the snapshot, so that nothing in it is newer
        fleet = await at.trial.fleet(at.transaction, ahead.fleet if ahead else None) if work.places else None
        with self._telemetry.time_in(Stage.DECIDE):
            if ahead:
                if ahead.catalogue != snapshot.catalogue:
                    raise Abandoned("a class was renamed while the batch ahead was on its way")
                forward = overlaid(snapshot, ahead.plan.providers, ahead.plan.left)
                if forward is None:
                    raise Abandoned("a row was read before what the batch ahead found")
                snapshot = forward
            ends = self._now() + DECIDING_MAX_S
            turns = deciding(work.claims, snapshot, among, fleet, work.permits)
            plan = await in_turns(turns, alone=alone, late=lambda: self._now() >= ends)
            return _Decision(plan, work.verdicts(plan), snapshot.now, snapshot.catalogue)

    async def _stood(self, after: InHand, *, with_view: bool) -> Standing:
        """What the batch ahead will have written, once its rows are locked. Raises `Abandoned` where it never is."""
        try:
            async with asyncio.timeout(STANDING_WAIT_MAX_S):
                ahead = await after.standing()
        except TimeoutError:
            raise Abandoned("the batch ahead takes its time") from None
        if ahead is None or (with_view and ahead.fleet is None):
            raise Abandoned("the batch ahead leaves nothing to be decided on")
        if self.locks_first:
            raise Abandoned("rows are locked before they are read now")
        return ahead

    async def _encoded(self, decision: "_Decision", *, alone: bool = False) -> "list[Encoded]":
        """The outcomes as they are kept: made while the database locks. `alone`: others wait for these locks."""
        if decision.encoded is None:
            with self._telemetry.time_in(Stage.ENCODE):
                turns = recording(decision.verdicts, self._renderer, decision.now)
                decision.encoded = await in_turns(turns, alone=alone)
        return decision.encoded


@dataclass(frozen=True, slots=True)
class _AtWork:
    """A batch in its transaction, and what it puts into the view of all providers."""

    transaction: Transaction
    work: Work
    trial: Trial


@dataclass(slots=True)
class _Decision:
    """A plan, what it says of each claim, and when; encoded once."""

    plan: Plan
    verdicts: Sequence[tuple[Sequence[Incoming], Verdict]]
    now: datetime
    catalogue: int
    encoded: "list[Encoded] | None" = None


async def _lock(transaction: Transaction, plan: Plan, held: Locked) -> Locked:
    """Lock what is not `held` already, which cannot have moved since; all of it together."""
    new = [put for put in plan.writes.consumers_put if put.row is None]
    providers = plan.providers.keys() - held.providers.keys()
    consumers = plan.consumers.keys() - held.consumers.keys()
    locked = await transaction.lock(providers, consumers, new)
    return Locked({**held.providers, **locked.providers}, {**held.consumers, **locked.consumers})
