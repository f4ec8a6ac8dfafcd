"""The same tasks by one strategy after another, each on the machines as they were before."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from worker.cli.client import Client
from worker.cli.workload.cluster import Cluster
from worker.cli.workload.moments import Moment, Pace
from worker.cli.workload.progress import Advance
from worker.cli.workload.replaying import Replay
from worker.cli.workload.tally import Told
from worker.placement.request import Strategy

Shown = Callable[[str, int], AbstractContextManager[Advance]]
"""A progress bar for so many of something."""


@dataclass(slots=True)
class Comparison:
    """Replays in the order of their strategies."""

    cluster: Cluster
    replays: list[Replay] = field(default_factory=list)

    def hear(self, event: Told, words: bytes) -> None:
        """To be called with every event."""
        self.cluster.hear(event, words)
        for replay in self.replays[-1:]:
            replay.line.hear(event, words)

    async def play(
        self, client: Client, strategies: Sequence[Strategy], turns: list[Moment], pace: Pace, shown: Shown
    ) -> None:
        """Those who are there after the last turn stay."""
        for strategy in strategies:
            for before in self.replays[-1:]:
                await before.clear(client)
            self.replays.append(Replay(self.cluster.picture, strategy, self.cluster.now))
            with shown(f"Placing, {strategy.value}", len(turns)) as advance:
                await self.replays[-1].play(client, turns, pace, advance)

    @property
    def unexplained(self) -> list[str]:
        """What was refused without a reason that explains it."""
        return [one for replay in self.replays for one in replay.waiting.unexplained]
