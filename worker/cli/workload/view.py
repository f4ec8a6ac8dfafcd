"""What a client knows of the machines: what events told, and what its own claims under way will change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from worker.cli.workload.amounts import CLASSES, Amounts, Machine, Task
from worker.cli.workload.first_fit import NOTHING as NO_PLACE
from worker.cli.workload.first_fit import FreeTree

Told = Mapping[str, Any]
NOTHING_YET: Final = (-1, -1)
NONE: Final = Amounts()


@dataclass(slots=True)
class Known:
    """A machine as events told it; `version` is (incarnation, generation)."""

    capacity: Amounts
    used: Amounts = NONE
    version: tuple[int, int] = NOTHING_YET


class Picture:
    """The machines as events told them, whatever the order in which the events came."""

    def __init__(self, machines: Sequence[Machine]) -> None:
        self.machines = machines
        self.known = [Known(machine.total) for machine in machines]
        self.place_of = {machine.provider: place for place, machine in enumerate(machines)}

    def hear(self, event: Told) -> list[int]:
        """Take what an event (or its repetition) tells; the places of the machines it was newer for."""
        shown = event["data"]
        if "inventories" in shown and "provider" in shown:
            return self._take(shown["provider"], shown)
        found: list[int] = []
        for provider, state in shown.get("providers", {}).items() if "consumers" in shown else ():
            found += self._take(provider, state)
        return found

    def start(self, usages: Mapping[str, Told]) -> None:
        """Take the answer to `usage.provider` as the truth of the moment."""
        for provider, state in usages.items():
            known = self.known[self.place_of[provider]]
            known.used = Amounts.from_resources(state["usages"])

    def _take(self, provider: str, state: Told) -> list[int]:
        place = self.place_of.get(provider)
        if place is None:
            return []
        known = self.known[place]
        version = (state["incarnation"], state["generation"])
        if version < known.version:
            return []
        inventories = state["inventories"]
        known.version = version
        known.capacity = _amounts(inventories, "capacity")
        known.used = _amounts(inventories, "used")
        return [place]


class View:
    """One client's view: the common picture, less what this client has asked for and not yet been told of."""

    def __init__(self, picture: Picture, start: float = 0.0) -> None:
        """Its search begins after so large a share of the machines of each model, and goes all the way round."""
        self._picture = picture
        self._starts: dict[str, int] = {}
        self._expected = [Amounts()] * len(picture.machines)
        self._trees: dict[str, FreeTree] = {}
        for model in sorted({machine.model for machine in picture.machines}):
            places = [place for place, machine in enumerate(picture.machines) if machine.model == model]
            self._starts[model] = places[int(start * len(places))] if start else 0
            self._trees[model] = FreeTree(
                [
                    self.free(place) if machine.model == model else NO_PLACE
                    for place, machine in enumerate(picture.machines)
                ]
            )

    def find(self, task: Task) -> int | None:
        """The first machine with room for the task, of an allowed model where the task wants a GPU."""
        wanted = sorted(task.models & self._trees.keys()) if task.wants.gpu_milli and task.models else self._trees
        models = [model for model in wanted if model or not task.wants.gpu_milli]
        for starts in (self._starts, dict.fromkeys(models, 0)):
            found = (self._trees[model].first(task.wants, starts[model]) for model in models)
            places = [place for place in found if place is not None]
            if places:
                return min(places)
        return None

    def expect(self, place: int, change: Amounts) -> None:
        """Count on a change that was asked for; negated, it is called off or has been told."""
        self._expected[place] = self._expected[place].plus(change)
        self.refresh(place)

    def refresh(self, place: int) -> None:
        """Look at the picture of one machine again."""
        self._trees[self._picture.machines[place].model][place] = self.free(place)

    def free(self, place: int) -> Amounts:
        """What is free there as far as this client knows; below zero where others were faster."""
        known = self._picture.known[place]
        return known.capacity.minus(known.used).minus(self._expected[place])


def _amounts(inventories: Told, column: str) -> Amounts:
    return Amounts(*(inventories[name][column] if name in inventories else 0 for name in CLASSES))
