"""Workers with one part replaced by a broken one: what the simulation and the checker have to notice."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

from tests.fakes.broker import FakeProperties
from tests.fakes.store import FakeStore
from tests.simulation.broker import NaturalConsumer
from tests.simulation.fronts import OverwritingStore, RecordsLater, TrustingStore
from tests.simulation.weather import Weather
from tests.simulation.worker import Parts
from worker.engine.ahead import InHand
from worker.engine.apply import Applied, Route
from worker.engine.failures import Failures
from worker.engine.intake import Incoming
from worker.engine.ports import Consumer, Store
from worker.engine.publish import Announcer
from worker.engine.settle import Settler
from worker.faults import Conflict, Outage
from worker.messages import Delivery, Record
from worker.placement.plan import Lockable, Plan, Version
from worker.placement.snapshot import Snapshot, Wanted


class AcksFirst(Announcer):
    """Settles deliveries before their events are confirmed."""

    async def announce(self, applied: Applied, consumer: Consumer, settler: Settler) -> int:
        self._ack(applied, consumer, settler)
        return await super().announce(applied, _Deaf(), settler)


class _Deaf:
    """A consumer to which nothing can be said."""

    async def open(self, *_: Any) -> int:
        raise NotImplementedError

    def ack(self, *_: Any) -> None:
        """Acked already."""

    async def cancel(self) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        raise NotImplementedError


class DecidesOnce(Route):
    """A row moved, and the first decision is written all the same, as if it rested on the rows as they are now."""

    async def _read_and_decide(
        self, at: Any, named: Wanted, among: Lockable | None, after: InHand | None = None
    ) -> Any:
        first = getattr(self, "_first", None)
        if among is not None and first is not None and first[0] is at:
            return replace(first[1], plan=_rebased(first[1].plan, await at.transaction.load_snapshot(named)))
        decision = await super()._read_and_decide(at, named, among, after)
        self._first = (at, decision)
        return decision


def _rebased(plan: Plan, read: Snapshot) -> Plan:
    return replace(
        plan,
        providers={name: _now(read.providers, name, version) for name, version in plan.providers.items()},
        consumers={name: _now(read.consumers, name, version) for name, version in plan.consumers.items()},
    )


def _now(rows: Mapping[Any, Any], name: str, version: Version | None) -> Version | None:
    row = rows.get(name)
    return version if row is None else (row.row, row.generation)


class GivesUpAtConflicts(Failures):
    """Takes a conflict for a sign that another worker has decided the batch."""

    async def _attempt(
        self, piece: Sequence[Incoming], confirmed: Callable[[], Sequence[int]], hand: InHand
    ) -> Applied | Exception:
        try:
            hand.begin(confirmed(), promising=self._is_promising(hand))
            return await self._route.apply(piece, hand.confirmed, hand)
        except Outage:
            raise
        except Conflict:
            hand.fail()
            return _settling([one.delivery._replace(properties=FakeProperties()) for one in piece])
        except Exception as error:  # noqa: BLE001 - as the part that it replaces
            hand.fail()
            return error


def _settling(deliveries: list[Delivery]) -> Applied:
    """Deliveries settled, and nothing said of them, not even where a reply was asked for."""
    return Applied(answered=[(Record(deliveries[0].routing_key, b"", (), (), None), deliveries)])  # type: ignore[arg-type]


class MendedConsumer(NaturalConsumer):
    """What it could not ack on a channel that was lost, it acks on the next one."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._kept: list[int] = []

    def ack(self, epoch: int, tags: Sequence[int], multiple_up_to: int | None = None) -> None:
        if epoch != self._epoch or not self.is_open:
            self._kept += [*tags, *([] if multiple_up_to is None else [multiple_up_to])]
            return
        kept = [tag for tag in self._kept if tag in self.unsettled]
        self._kept.clear()
        super().ack(epoch, [*kept, *(tag for tag in tags if tag not in kept)], multiple_up_to)


class ReadsFirst(Route):
    """Sound, but never locks before it reads, so that batches go behind one another also where rows are fought for."""

    @property
    def locks_first(self) -> bool:
        return False

    async def apply(self, batch: Sequence[Incoming], confirmed: Sequence[int], hand: InHand) -> Applied:
        self._lock_first = 0
        return await super().apply(batch, confirmed, hand)


class BelievesTheOneAhead(ReadsFirst):
    """Takes it for certain that the batch ahead commits as it stood."""

    async def apply(self, batch: Sequence[Incoming], confirmed: Sequence[int], hand: InHand) -> Applied:
        if hand.after is not None:
            hand.after = cast("InHand", _Believed(hand.after))
        return await super().apply(batch, confirmed, hand)


@dataclass
class _Believed:
    """The batch ahead, which says that it has committed whether or not it has."""

    ahead: InHand

    def __getattr__(self, name: str) -> Any:
        return getattr(self.ahead, name)

    async def committed(self) -> bool:
        await self.ahead.committed()
        return True


def _store(make: Callable[[FakeStore], Any]) -> Callable[[FakeStore], Store]:
    return make


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """`parts` with one that is broken; `seen_as` what is found of it, in words. `sound`: the same unbroken.

    `weather`: where what it takes to show it would rarely come together in any other.
    """

    parts: Parts
    seen_as: str
    sound: Parts = field(default_factory=Parts)
    weather: Weather | None = None


TWICE: Final = r"was brought to generation \d+ by 2 claims"
MUTANTS: Final[Mapping[str, Mutant]] = {
    "the ack comes before the confirm": Mutant(
        parts=Parts(announcer=AcksFirst), seen_as="lost: claim .* without an outcome"
    ),
    "the inbox row comes in a second transaction": Mutant(
        parts=Parts(store=_store(RecordsLater)), seen_as=r"was brought to generation \d+ by 0 claims"
    ),
    "the generation check is dropped": Mutant(parts=Parts(store=_store(TrustingStore)), seen_as=TWICE),
    "a conflict is not decided again": Mutant(
        parts=Parts(route=DecidesOnce, store=_store(OverwritingStore)), seen_as=TWICE
    ),
    "a conflict ends the matter": Mutant(
        parts=Parts(failures=GivesUpAtConflicts), seen_as="lost: claim .* without an outcome"
    ),
    "an old channel's tag is acked": Mutant(
        parts=Parts(consumer=MendedConsumer), seen_as="ack of .* unknown|lost: claim .* without an outcome"
    ),
    "a batch behind one that failed is kept": Mutant(
        parts=Parts(route=BelievesTheOneAhead), sound=Parts(route=ReadsFirst), weather=Weather.of_losers(),
        seen_as="the events add up to|says levels",
    ),
}  # fmt: skip
