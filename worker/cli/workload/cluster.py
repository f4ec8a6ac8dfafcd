"""A cluster brought to a worker: its classes, traits and machines declared, and what is used on them learnt."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from worker.cli.client import Client
from worker.cli.workload import claims
from worker.cli.workload.agreement import usages_of
from worker.cli.workload.amounts import Machine
from worker.cli.workload.claims import Claim
from worker.cli.workload.measured import Measured
from worker.cli.workload.progress import Advance
from worker.cli.workload.sending import Letter, Line
from worker.cli.workload.tally import Tally, Told, code_of
from worker.cli.workload.view import Picture

CHUNK: Final = 64


@dataclass(slots=True)
class Cluster:
    """Machines, the picture that events give of them, and how declaring them went."""

    machines: Sequence[Machine]
    now: Callable[[], float] = time.perf_counter
    picture: Picture = field(init=False)
    line: Line = field(init=False)
    loaded: Measured = field(default_factory=Measured)
    refused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.picture = Picture(self.machines)
        self.line = Line(Tally(self.now))

    def hear(self, event: Told, words: bytes) -> None:
        """To be called with every event."""
        self.picture.hear(event)
        self.line.hear(event, words)

    async def load(
        self, client: Client, advance: Advance, models: Iterable[str], steps: Mapping[str, int] | None = None
    ) -> None:
        """Declare first the classes and traits, of `models` too, then all machines in bulk; and see what is used."""
        models = {*models, *(machine.model for machine in self.machines if machine.model)}
        await self._declare(client, claims.vocabulary(models), lambda _done: None)  # then the worker has started
        begun = self.now()
        wanted = [one for machine in self.machines for one in claims.declared(machine, steps)]
        await self._declare(client, wanted, advance)
        self.loaded = Measured(len(self.picture.names), self.now() - begun)
        self.picture.start(await usages_of(client, self.picture))

    async def _declare(self, client: Client, wanted: list[Claim], advance: Advance) -> None:
        before = self.line.tally.answered
        for start in range(0, len(wanted), CHUNK):
            part = wanted[start : start + CHUNK]
            await self.line.send(client, [Letter.of(claim, self._loaded) for claim in part])
            advance(self.line.tally.answered - before)
        await self.line.drained()
        advance(len(wanted))

    def _loaded(self, event: Told) -> None:
        if event["type"] == "claim.rejected":
            self.refused.append(f"{code_of(event)}: {event['data']['message']}")
