"""The demonstration from the first declaration to the last check, against a worker that runs."""

import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from schemas.parked import ParkedReason
from worker.cli.client import Client, Sent
from worker.cli.workload import claims
from worker.cli.workload.agreement import differences, usages_of
from worker.cli.workload.amounts import Machine
from worker.cli.workload.cluster import Cluster
from worker.cli.workload.comparing import Comparison, Shown
from worker.cli.workload.day import day
from worker.cli.workload.fleet import MODELS
from worker.cli.workload.malformed import REASONS, malformed
from worker.cli.workload.measured import Measured
from worker.cli.workload.moments import Pace, moments
from worker.cli.workload.progress import Advance
from worker.cli.workload.scenario import Scenario
from worker.cli.workload.sending import Line
from worker.cli.workload.tally import Tally, Told

CHUNK: Final = 32
SHARE_STEPS: Final = {claims.GPU_CLASS: claims.STEP_OF_SHARES}
# So many malformed messages in all, each reason as often as the others.
MALFORMED: Final = 3 * len(REASONS)
# The strategies are compared on so many of the machines at most, so that all three together are soon done.
COMPARED_MAX: Final = 100


@dataclass(slots=True)
class Drive:
    """What was done and what came of it: first strategies on a part of the fleet, then the whole of it."""

    machines: Sequence[Machine]
    seed: int
    now: Callable[[], float] = time.perf_counter
    cluster: Cluster = field(init=False)
    comparison: Comparison = field(init=False)
    scenario: Scenario = field(init=False)
    line: Line = field(init=False)
    driven: Measured = field(default_factory=Measured)
    parked: Counter[ParkedReason] = field(default_factory=Counter)
    repeats: int = 0
    differing: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cluster = Cluster(self.machines, self.now)
        self.comparison = Comparison(Cluster(self.machines[:: -(-len(self.machines) // COMPARED_MAX)], self.now))
        self.scenario = Scenario(self.cluster.picture, Random(self.seed))  # noqa: S311 - repeatable, no secret
        self.line = Line(Tally(self.now))

    def hear(self, event: Told, words: bytes) -> None:
        """To be called with every event."""
        self.comparison.hear(event, words)
        self.cluster.hear(event, words)
        self.line.hear(event, words)

    @property
    def unloaded(self) -> list[str]:
        """Declarations that were refused."""
        return [*self.comparison.cluster.refused, *self.cluster.refused]

    async def compare(self, client: Client, shown: Shown) -> None:
        """The same day by each strategy, on a part of the machines, which are empty again afterwards."""
        part = self.comparison.cluster
        tasks = day(part.machines, Random(self.seed))  # noqa: S311 - repeatable, no secret
        with shown("Declaring", len(part.picture.names)) as advance:
            await part.load(client, advance, MODELS, SHARE_STEPS)
        await self.comparison.play(client, claims.STRATEGIES, moments(tasks), Pace(), shown)
        await self.comparison.replays[-1].clear(client)

    async def load(self, client: Client, advance: Advance) -> None:
        """Declare the whole fleet."""
        await self.cluster.load(client, advance, MODELS, SHARE_STEPS)

    async def drive(self, client: Client, count: int, advance: Advance) -> None:
        """Send so many claims, with repetitions and malformed messages between them, and wait for all outcomes."""
        begun, sent, random = self.now(), 0, Random(self.seed + 1)  # noqa: S311 - repeatable, no secret
        earlier: deque[Sent] = deque()
        while sent < count:
            letters = [self.scenario.next() for _ in range(min(CHUNK, count - sent))]
            earlier.append(random.choice(letters).sent)  # nosec B311 - repeatable, no secret
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

    async def check(self, client: Client) -> None:
        """Ask the worker for every machine, and note where events told something else."""
        picture = self.cluster.picture
        self.differing = differences(picture, await usages_of(client, picture))

    def _disturbing(self, due: int, known: Sent) -> list[Sent]:
        """What is malformed, until so many are sent in all."""
        found = []
        for turn in range(self.parked.total(), due):
            reason, message = malformed(turn, known)
            self.parked[reason] += 1
            found.append(message)
        return found
