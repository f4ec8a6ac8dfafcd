"""What a client knows of the machines: what events told."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from worker.cli.workload.amounts import CLASSES, Amounts, Machine, total_of

Told = Mapping[str, Any]
NOTHING_YET: Final = (-1, -1)


class Picture:
    """The providers of machines as events told them, whatever the order in which the events came.

    `used`, `capacity` and `version` (incarnation, generation) are by provider.
    """

    def __init__(self, machines: Sequence[Machine]) -> None:
        self.machines = machines
        members = [member for machine in machines for member in machine.members()]
        self.names = {member.provider: member.name for member in members}
        self.capacity = {member.provider: member.has for member in members}
        self.used = dict.fromkeys(self.names, Amounts())
        self.version = dict.fromkeys(self.names, NOTHING_YET)

    def hear(self, event: Told) -> None:
        """Take what an event (or its repetition) tells."""
        shown = event["data"]
        if "inventories" in shown and "provider" in shown:
            self._take(shown["provider"], shown)
        elif "consumers" in shown:
            for provider, state in shown.get("providers", {}).items():
                self._take(provider, state)

    def start(self, usages: Mapping[str, Told]) -> None:
        """Take the answer to `usage.provider` as the truth of the moment."""
        for provider, state in usages.items():
            self.used[provider] = Amounts.from_resources(state["usages"])

    def used_of(self, machine: Machine) -> Amounts:
        """On the machine and its GPUs."""
        return total_of(self.used[one] for one in (machine.provider, *machine.gpus))

    def capacity_of(self, machine: Machine) -> Amounts:
        """Of the machine and its GPUs."""
        return total_of(self.capacity[one] for one in (machine.provider, *machine.gpus))

    def _take(self, provider: str, state: Told) -> None:
        version = (state["incarnation"], state["generation"])
        if version < self.version.get(provider, version):
            return
        if provider in self.names:
            self.version[provider] = version
            self.capacity[provider] = _amounts(state["inventories"], "capacity")
            self.used[provider] = _amounts(state["inventories"], "used")


def _amounts(inventories: Told, column: str) -> Amounts:
    return Amounts(*(inventories[name][column] if name in inventories else 0 for name in CLASSES))
