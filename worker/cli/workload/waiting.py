"""Tasks that found no place, why, and the moment at which they wanted most."""

from collections import Counter
from dataclasses import dataclass, field

from worker.cli.workload.amounts import Amounts, Task
from worker.cli.workload.fragments import Fragments, fragments
from worker.cli.workload.refusals import NO_CANDIDATES, lacked
from worker.cli.workload.tally import Told, code_of
from worker.cli.workload.view import Picture


@dataclass(slots=True)
class Waiting:
    """By consumer, until they go. `refused` is by code, `reasons` are those of `no_candidates`."""

    picture: Picture
    tasks: dict[str, Task] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)
    """What was refused by another code than that of no place, or without an explanation that explains."""
    wanted: int = 0
    most: "Most | None" = None

    def refuse(self, event: Told, task: Task) -> None:
        """Its refusal came."""
        code, refusal = code_of(event), event["data"]
        self.refused[code] += 1
        why = lacked(refusal["details"], task) if code == NO_CANDIDATES else None
        if why is None:
            self.unexplained.append(f"{task.name}: {code}: {refusal['message']}")
            return
        self.reasons[why] += 1
        if task.consumer not in self.tasks:
            self.tasks[task.consumer] = task
            self.wanted += task.wants.gpu_milli
        if task.wants.gpu_milli and (self.most is None or self.wanted > self.most.wanted):
            self.most = Most(self.wanted, dict(self.picture.used), list(self.tasks.values()))

    def leave(self, consumer: str) -> None:
        """It waits no longer, if it did."""
        task = self.tasks.pop(consumer, None)
        if task is not None:
            self.wanted -= task.wants.gpu_milli

    def worst(self) -> Fragments | None:
        """Fragmentation at the moment at which they wanted most; None where nobody waited for a GPU."""
        return None if self.most is None else fragments(self.picture, self.most.used, self.most.tasks)

    def at_last(self) -> Fragments:
        """Fragmentation now."""
        return fragments(self.picture, self.picture.used, self.tasks.values())


@dataclass(frozen=True, slots=True)
class Most:
    """Who waited, for how much of GPUs, with so much used of each provider."""

    wanted: int
    used: dict[str, Amounts]
    tasks: list[Task]
