"""What all searches of one fleet look at, and how a slot or a request is looked at exactly."""

from dataclasses import dataclass, field

import numpy as np

from worker.placement.fleet.forest import Forest
from worker.placement.fleet.journal import Changes
from worker.placement.fleet.sieve import Sieves
from worker.placement.fleet.table import Table
from worker.placement.fleet.trees import Trees
from worker.placement.fleet.vector import Numbers, Slots
from worker.placement.ids import Amounts, ProviderId
from worker.placement.request import Request


@dataclass(slots=True)
class View:
    """The columns, the forest that stands in them, and which of its trees changed."""

    table: Table = field(default_factory=Table)
    forest: Forest = field(init=False)
    trees: Trees = field(init=False)
    sieves: Sieves = field(init=False)
    changes: Changes = field(default_factory=Changes)

    def __post_init__(self) -> None:
        self.forest = Forest(self.table)
        self.trees = Trees(self.table, self.forest)
        self.sieves = Sieves(self.table, self.forest)

    @property
    def looks(self) -> int:
        """Advances when more changed of a provider than what is used of it."""
        return self.forest.version + self.changes.looks

    def touch(self, slot: int) -> None:
        """A provider is about to change, or has changed: the trees to which it may give are other trees now."""
        self.trees.forget(slot)
        self.changes.add(self.table.root.view[slot])
        if slot in self.forest.serves:
            for root in self.forest.serves[slot].tolist():
                self.changes.add(root)

    def roots_with(self, slot: int) -> list[int]:
        """The roots of all trees to which the provider of a slot may give."""
        served = self.forest.serves.get(slot)
        own = self.table.root.view[slot]
        return [own] if served is None else [own, *served.tolist()]

    def roots_of(self, providers: frozenset[ProviderId] | Amounts) -> set[int]:
        """The roots of all trees to which one of these may give; those that do not exist are passed over."""
        index = self.table.index
        slots = [slot for name in providers if (slot := index.get(name)) is not None and self.table.holds(slot)]
        return {root for slot in slots for root in self.roots_with(slot)}

    def root_of(self, provider: ProviderId) -> ProviderId | None:
        """The root of a provider, None where there is no provider."""
        table = self.table
        slot = table.index.get(provider)
        return None if slot is None or not table.holds(slot) else table.ids[table.root.view[slot]]

    def named(self, request: Request) -> set[int] | None:
        """The roots under which an `in_tree` of the request can be met; None: there is no `in_tree`."""
        named: set[int] | None = None
        for group in request.groups.values():
            if group.in_tree is None:
                continue
            root = self.root_of(group.in_tree)
            here: set[int] = set()
            if root is not None:
                slot = self.table.index[root]
                served = [
                    self.roots_with(member) for member in self.forest.serves if self.table.root.view[member] == slot
                ]
                here = {slot}.union(*served)
            named = here if named is None else named & here
        return named

    def draws(self, seed: int, slots: Slots) -> Numbers:
        """`score.draw` of the providers of these slots, as a fraction of one."""
        mixed = _mix(_mix(np.uint64(seed) ^ self.table.high.array[slots]) ^ self.table.low.array[slots])
        fractions: Numbers = mixed / 2.0**64
        return fractions


def _mix(numbers: Numbers) -> Numbers:
    numbers = numbers + np.uint64(0x9E3779B97F4A7C15)
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Numbers = numbers ^ (numbers >> np.uint64(31))
    return mixed
