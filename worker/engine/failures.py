"""Every exception's next step, in one place (ARCHITECTURE.md, «What happens when»).

| what | step |
|---|---|
| Conflict | the whole transaction again, bounded, with jitter; then it counts as an outage |
| LockTimeout | the same with half the batch |
| Outage | out of here: the session ends, nothing is charged |
| anything else | the batch is halved until the culprit is alone; parked if it fails alone twice the same way |
"""

import traceback
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar

import structlog

from schemas.batch import BATCH_OP
from schemas.decode import Unreadable
from schemas.parked import ParkedReason
from worker.engine.ahead import InHand, Named, named_by
from worker.engine.apply import Applied, Route
from worker.engine.intake import Incoming, Parked, read, unpacked
from worker.engine.ports import Store, Surroundings
from worker.engine.retry import backoff
from worker.faults import Conflict, Fault, LockTimeout, Outage
from worker.messages import Delivery
from worker.telemetry import Log

DECIDE = "decide"
"""The loop that gets batches through: it turns with every try, however many pieces and tries a batch takes."""
CONFLICT_WAIT_MIN_S = 0.005
CONFLICT_WAIT_MAX_S = 0.5

Batch = Sequence[Incoming]
Answer = TypeVar("Answer")


class Failures:
    """Gets batches through the route whatever happens to them."""

    def __init__(self, route: Route, store: Store, around: Surroundings, conflict_tries_max: int) -> None:
        self._route = route
        self._store = store
        self._around = around
        self._tries_max = conflict_tries_max
        self._log = structlog.get_logger()

    async def calm(self) -> None:
        """Waits while other work would keep a lock from another worker."""
        await self._route.calm()

    async def apply(self, batch: Batch, confirmed: Callable[[], Sequence[int]], hand: InHand) -> AsyncIterator[Applied]:
        """The batch, in as many pieces as it takes and in order. Raises `Outage`.

        Where the batch ahead leaves something over, it is left over with that: the order stays.
        """
        named = result_or_error(lambda: named_by(batch), Fault)
        # one that cannot even be checked is isolated below
        hand.named = named if isinstance(named, Named) else None
        if hand.after is not None:
            after = hand.after
            applied = await self._behind(batch, confirmed, hand, after)
            if applied is not None:
                yield applied
                batch = ()
            # a batch of known claims is through without having asked what became of the one ahead
            await after.finished()
            hand.after = None
            if after.deferred:
                hand.deferred += [*after.deferred, *batch]
                return
            if after.failed or not batch:
                return
        pieces = deque([list(batch)])
        while pieces:
            piece = pieces.popleft()
            outcome = await self._attempt(piece, confirmed, hand)
            match outcome:
                case Applied():
                    yield self._in_order(outcome, pieces)
                case LockTimeout() if len(piece) > 1:
                    pieces.extendleft(reversed(_halves(piece)))
                case Conflict():
                    raise Outage(f"{self._tries_max} tries met a conflict: {outcome}") from outcome
                case _ if len(piece) > 1:
                    self._log.warning(Log.BATCH_HALVED, claims=len(piece), error=repr(outcome))
                    pieces.extendleft(reversed(_halves(piece)))
                case _:
                    yield self._in_order(await self._alone(piece, outcome, confirmed, hand), pieces)

    async def _behind(
        self, batch: Batch, confirmed: Callable[[], Sequence[int]], hand: InHand, after: InHand
    ) -> Applied | None:
        """The batch decided on what the one ahead will have written; None where it has to wait for that one's end.

        It begins, and reads, while that one still asks for its locks.
        """
        if not await after.promising() or self._route.locks_first:
            return None
        if after.named is None or hand.named is None or not after.named.bears(hand.named):
            return None
        self._around.pulse.beat(DECIDE)
        try:
            hand.begin([batch for batch in confirmed() if batch not in after.confirmed], promising=True)
            return await self._route.apply(batch, hand.confirmed, hand)
        except Outage:
            raise
        except Exception as error:  # noqa: BLE001 - nothing is charged: the batch is tried anew once it is the first
            hand.fail()
            self._log.info(Log.BATCH_CONFLICT, claims=len(batch), tries=0, error=repr(error))
            return None

    def _is_promising(self, hand: InHand) -> bool:
        return hand.named is not None and hand.named.plain and not self._route.locks_first

    @staticmethod
    def _in_order(applied: Applied, pieces: deque[list[Incoming]]) -> Applied:
        """What a piece leaves for later goes before the pieces that come after it."""
        if pieces and applied.deferred:
            pieces[0] = [*applied.deferred, *pieces[0]]
            applied.deferred = []
        return applied

    async def _attempt(self, piece: Batch, confirmed: Callable[[], Sequence[int]], hand: InHand) -> Applied | Exception:
        """One piece until it is through, or the exception that stands in its way."""
        waits = backoff(self._around.random, CONFLICT_WAIT_MIN_S, CONFLICT_WAIT_MAX_S)
        for tries in range(1, self._tries_max + 1):
            self._around.pulse.beat(DECIDE)
            try:
                hand.begin(confirmed(), promising=self._is_promising(hand))
                return await self._route.apply(piece, hand.confirmed, hand)
            except Outage:
                raise
            except LockTimeout as error:
                hand.fail()
                if len(piece) > 1:
                    return error
                conflict: Conflict = error
            except Conflict as error:
                hand.fail()
                conflict = error
            except Exception as error:  # noqa: BLE001 - the one place where an unknown fault has its next step
                hand.fail()
                return error
            self._around.telemetry.conflicts.inc()
            self._log.info(Log.BATCH_CONFLICT, claims=len(piece), tries=tries, error=str(conflict))
            await self._around.clock.sleep(next(waits))
        return conflict

    async def _alone(
        self, piece: Batch, error: Exception, confirmed: Callable[[], Sequence[int]], hand: InHand
    ) -> Applied:
        """A claim that failed alone: tried once more, and parked if it fails the same way on a sound database."""
        await self._store.probe()
        again = await self._attempt(piece, confirmed, hand)
        if isinstance(again, Applied):
            return again
        if isinstance(again, Fault) or _kind(again) != _kind(error):
            raise Outage(f"a claim failed in two ways: {error!r}, {again!r}") from again
        trace = "".join(traceback.format_exception(again))
        (incoming,) = piece
        self._log.error(Log.MESSAGE_PARKED, claim_id=incoming.claim, reason=ParkedReason.POISON, exception=trace)
        return Applied(parked=[Parked(incoming.delivery, ParkedReason.POISON, repr(again), trace, incoming.claim)])


def unpack_or_park(deliveries: Sequence[Delivery]) -> tuple[list[Delivery], list[Parked]]:
    """Each claim of these as a delivery, and the messages of several claims that cannot be taken apart."""
    claims: list[Delivery] = []
    parked: list[Parked] = []
    for delivery in deliveries:
        if delivery.routing_key != BATCH_OP:
            claims.append(delivery)
            continue
        try:
            claims.extend(unpacked(delivery))
        except Unreadable as error:
            parked.append(Parked(delivery, ParkedReason(error.reason.value), error.detail))
        except Exception as error:  # noqa: BLE001 - taking apart is pure: what fails once fails always
            parked.append(_poison(delivery, error))
    return claims, parked


def read_or_park(deliveries: Sequence[Delivery]) -> tuple[list[Incoming], list[Parked]]:
    """`read`, with every message that makes it fail for reasons of our own parked as poison."""
    incoming: list[Incoming] = []
    parked: list[Parked] = []
    for delivery in deliveries:
        try:
            readable, unreadable = read([delivery])
        except Exception as error:  # noqa: BLE001 - reading is pure: what fails once fails always
            readable, unreadable = [], [_poison(delivery, error)]
        incoming.extend(readable)
        parked.extend(unreadable)
    return incoming, parked


def _poison(delivery: Delivery, error: Exception) -> Parked:
    trace = "".join(traceback.format_exception(error))
    structlog.get_logger().error(
        Log.MESSAGE_PARKED, reason=ParkedReason.POISON, op=delivery.routing_key, exception=trace
    )
    return Parked(delivery, ParkedReason.POISON, repr(error), trace)


def check_ahead(incoming: Sequence[Incoming]) -> None:
    """Check claims before their batch is at work. One that cannot even be checked is met again, and isolated, there."""
    for one in incoming:
        try:
            one.check()
        except Exception:  # noqa: BLE001 - nothing is lost: the batch checks again what has no result
            return


def result_or_error(make: Callable[[], Answer], expected: type[Exception]) -> Answer | Exception:
    """What `make` returns, or the bug that it met; what it may raise, `expected`, is raised."""
    try:
        return make()
    except expected:
        raise
    except Exception as error:  # noqa: BLE001 - told to who asked, who has its next step
        return error


async def answer_or_fault(answer: Awaitable[Answer]) -> Answer | Exception:
    """What a query gets. A fault of the world is raised; an unknown one is returned, and harms that query alone."""
    try:
        return await answer
    except Fault:
        raise
    except Exception as error:  # noqa: BLE001 - the next step of an unknown fault in a query: an error to who asked
        return error


def _kind(error: Exception) -> tuple[type[Exception], type[BaseException] | None]:
    """What makes two errors the same: their texts may hold row ids that differ from try to try."""
    return type(error), type(error.__cause__) if error.__cause__ else None


def _halves(piece: Batch) -> list[list[Incoming]]:
    middle = len(piece) // 2
    return [list(piece[:middle]), list(piece[middle:])]
