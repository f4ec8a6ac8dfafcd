"""The claims that a batch has to decide, and what their deliveries get once it is decided."""

from collections.abc import Generator, Sequence
from datetime import datetime

from schemas.decode import Violation
from worker.engine.access import Access
from worker.engine.intake import Incoming
from worker.engine.render import Renderer
from worker.messages import Delivery, Record
from worker.placement.claims import Claim, PlaceAllocations
from worker.placement.cut import cut
from worker.placement.ids import ClaimId
from worker.placement.outcomes import Outcome, Rejected
from worker.placement.permissions import Permit, refused_as_asked
from worker.placement.plan import Plan
from worker.placement.refusals import exhausted

RECORDS_A_TURN = 32
"""Encoded in one go: about a ms, for which whoever waits for the processor has to wait."""

Verdict = Outcome | tuple[Violation, ...]

Encoded = tuple[Record, list[Delivery]]
"""An outcome as it is kept, and the deliveries that it settles."""


class Work:
    """Fresh claims in order of arrival, each with all deliveries that brought it.

    `claims` are the good ones up to where the batch is cut; bad ones, and those that the access policy refuses
    whatever there is, have their outcome wherever they stand. `permits`: where that depends on what there is.
    """

    def __init__(self, fresh: Sequence[Sequence[Incoming]], carries_max: int, access: Access | None = None) -> None:
        self._carries_max = carries_max
        self._wrong: list[tuple[Sequence[Incoming], Verdict]] = []
        self.permits: dict[ClaimId, Permit] = {}
        good: list[tuple[Sequence[Incoming], Claim]] = []
        for deliveries in fresh:
            checked = deliveries[0].check()
            if isinstance(checked, tuple):
                self._wrong.append((deliveries, checked))
                continue
            refused = None if access is None else self._refused(deliveries[0], checked, access)
            if refused is None:
                good.append((deliveries, checked))
            else:
                self._wrong.append((deliveries, refused))
        length = cut([claim for _, claim in good]) if good else 0
        self.claims: list[Claim] = [claim for _, claim in good[:length]]
        self._taken = [deliveries for deliveries, _ in good[:length]]
        self._beyond = [deliveries for deliveries, _ in good[length:]]

    def __bool__(self) -> bool:
        return bool(self._wrong or self._taken)

    @property
    def places(self) -> bool:
        """Whether one of the claims is for the worker to find providers."""
        return any(isinstance(claim, PlaceAllocations) for claim in self.claims)

    @property
    def carried_before(self) -> bool:
        """Whether one of the claims was carried over from an earlier batch."""
        return any(deliveries[0].carries for deliveries in self._taken)

    def verdicts(self, plan: Plan) -> list[tuple[Sequence[Incoming], Verdict]]:
        """What is decided, in order; claims that were carried too often are refused."""
        carried = set(plan.carried)
        decided = iter(plan.outcomes)
        verdicts: list[tuple[Sequence[Incoming], Verdict]] = list(self._wrong)
        for position, deliveries in enumerate(self._taken[: self._decided(plan)]):
            if position not in carried:
                verdicts.append((deliveries, next(decided)))
            elif self._exhausted(deliveries):
                verdicts.append((deliveries, exhausted(deliveries[0].claim, self._carries_max)))
        return verdicts

    def leaves_nothing(self, plan: Plan) -> bool:
        """Whether the next batch may be any: nothing has to go before it."""
        return not (plan.carried or plan.undecided or self._beyond)

    def deferred(self, plan: Plan) -> list[Incoming]:
        """What goes first in the next batch, in order. Carried claims count it: to be asked once, after the commit."""
        waiting: list[Incoming] = []
        for position in plan.carried:
            deliveries = self._taken[position]
            if not self._exhausted(deliveries):
                for incoming in deliveries:
                    incoming.carries += 1
                waiting.extend(deliveries)
        left = (*self._taken[self._decided(plan) :], *self._beyond)
        waiting.extend(incoming for deliveries in left for incoming in deliveries)
        return waiting

    def _refused(self, incoming: Incoming, claim: Claim, access: Access) -> Rejected | None:
        permit = access.permit(incoming.delivery, str(incoming.parsed["op"]))
        if permit.projects is not None:
            self.permits[claim.id] = permit
        return refused_as_asked(claim, permit)

    def _decided(self, plan: Plan) -> int:
        return len(self._taken) - plan.undecided

    def _exhausted(self, deliveries: Sequence[Incoming]) -> bool:
        return deliveries[0].carries >= self._carries_max


def recording(
    verdicts: Sequence[tuple[Sequence[Incoming], Verdict]], renderer: Renderer, now: datetime
) -> Generator[None, bool | None, list[Encoded]]:
    """Each outcome as it is kept, with the deliveries it settles."""
    records: list[Encoded] = []
    for deliveries, verdict in verdicts:
        records.append((renderer.record(deliveries[0], verdict, now), [incoming.delivery for incoming in deliveries]))
        if len(records) % RECORDS_A_TURN == 0:
            yield
    return records


def told(verdicts: Sequence[tuple[Sequence[Incoming], Verdict]], records: Sequence[Record]) -> list[tuple[str, str]]:
    """(op, outcome) of each, for the metrics: the type of the event, or why it was refused."""
    return [
        (_op(deliveries[0]), _outcome(verdict, record))
        for (deliveries, verdict), record in zip(verdicts, records, strict=True)
    ]


def _outcome(verdict: Verdict, record: Record) -> str:
    if isinstance(verdict, tuple):
        return "invalid_message"
    return verdict.code.value if isinstance(verdict, Rejected) else record.types[0]


def _op(incoming: Incoming) -> str:
    """The op of a claim that passed its schema; anybody could send any other."""
    return "unknown" if isinstance(incoming.check(), tuple) else str(incoming.parsed["op"])
