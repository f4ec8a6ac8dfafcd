"""The demonstration from the first declaration to the last check, against a worker that runs."""

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final

from schemas.parked import ParkedReason
from worker.cli.client import Client, Sent
from worker.cli.workload import claims
from worker.cli.workload.agreement import differences, usages_of
from worker.cli.workload.amounts import Machine
from worker.cli.workload.claims import Claim
from worker.cli.workload.malformed import REASONS, malformed
from worker.cli.workload.progress import Advance
from worker.cli.workload.scenario import Scenario
from worker.cli.workload.sending import UNANSWERED_MAX, Letter, Line
from worker.cli.workload.tally import Tally, Told, code_of
from worker.cli.workload.view import Picture

CHUNK: Final = 32
# The smaller the cluster, the sooner schedulers that see little of each other are in each other's way.
UNANSWERED_OF_MACHINES: Final = 3
SHARE_STEPS: Final = {claims.GPU_CLASS: claims.STEP_OF_SHARES}
# So many malformed messages in all, each reason as often as the others.
MALFORMED: Final = 3 * len(REASONS)


@dataclass(slots=True)
class Measured:
    """How many claims in how long."""

    claims: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        return self.claims / self.seconds if self.seconds else 0.0


@dataclass(slots=True)
class Drive:
    """What was done and what came of it. `declaring` tallies the fleet's claims, `line` the others."""

    machines: list[Machine]
    seed: int
    now: Callable[[], float] = time.perf_counter
    picture: Picture = field(init=False)
    scenario: Scenario = field(init=False)
    declaring: Line = field(init=False)
    line: Line = field(init=False)
    loaded: Measured = field(default_factory=Measured)
    driven: Measured = field(default_factory=Measured)
    parked: Counter[ParkedReason] = field(default_factory=Counter)
    repeats: int = 0
    differing: list[str] = field(default_factory=list)
    unloaded: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.picture = Picture(self.machines)
        self.scenario = Scenario(self.picture, Random(self.seed))  # noqa: S311 - repeatable, no secret
        self.declaring = Line(Tally(self.now))
        few = max(2 * CHUNK, len(self.machines) // UNANSWERED_OF_MACHINES)
        self.line = Line(Tally(self.now), min(UNANSWERED_MAX, few))

    def hear(self, event: Told, words: bytes) -> None:
        """To be called with every event."""
        self.scenario.hear(event)
        self.declaring.hear(event, words)
        self.line.hear(event, words)

    async def load(self, client: Client, advance: Advance) -> None:
        """Declare the fleet: first its classes and traits, then all machines in bulk."""
        await self._declare(client, claims.vocabulary(self.machines))
        await self.declaring.drained()  # the worker has started
        begun = self.now()
        for start in range(0, len(self.machines), CHUNK):
            part = self.machines[start : start + CHUNK]
            await self._declare(client, [claims.declared(machine, SHARE_STEPS) for machine in part])
            advance(self.declaring.tally.answered)
        await self.declaring.drained()
        advance(len(self.machines))
        self.loaded = Measured(len(self.machines), self.now() - begun)

    async def drive(self, client: Client, count: int, advance: Advance) -> None:
        """Send so many claims, with repetitions and malformed messages between them, and wait for all outcomes."""
        begun, sent, random = self.now(), 0, Random(self.seed + 1)  # noqa: S311 - repeatable, no secret
        earlier: deque[Sent] = deque()
        while sent < count:
            letters = [self.scenario.next() for _ in range(min(CHUNK, count - sent))]
            earlier.append(random.choice(letters).sent)
            settled = [earlier.popleft()] if self.line.tally.is_settled(earlier[0].claim_id) else []
            again = [letters[-1].sent, *settled]
            sent += len(letters)
            self.repeats += len(again)
            await self.line.send(client, letters, again, self._disturbing(MALFORMED * sent // count, letters[0].sent))
            advance(self.line.tally.answered)
        await self.line.drained()
        advance(count)
        await self.line.until(lambda: self.line.tally.repeats_unanswered() == 0)
        self.driven = Measured(sent, self.now() - begun)

    async def compare(self, client: Client) -> None:
        """Ask the worker for every machine, and note where events told something else."""
        self.differing = differences(self.picture, await usages_of(client, self.machines))

    async def _declare(self, client: Client, wanted: list[Claim]) -> None:
        await self.declaring.send(client, [Letter.of(claim, self._loaded) for claim in wanted])

    def _loaded(self, event: Told) -> None:
        if event["type"] == "claim.rejected":
            self.unloaded.append(f"{code_of(event)}: {event['data']['message']}")

    def _disturbing(self, due: int, known: Sent) -> list[Sent]:
        """What is malformed, until so many are sent in all."""
        found = []
        for turn in range(self.parked.total(), due):
            reason, message = malformed(turn, known)
            self.parked[reason] += 1
            found.append(message)
        return found
