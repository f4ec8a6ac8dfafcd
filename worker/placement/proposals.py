"""The fleet beside the ledger of a batch: what it proposes is taken only where both mean the same rows."""

from dataclasses import replace

from worker.placement.grant import Grant
from worker.placement.ids import ProviderId
from worker.placement.ledger import Ledger
from worker.placement.search.fleet import Fleet
from worker.placement.snapshot import ProviderRow


class Proposals:
    """The fleet was read apart from the snapshot, so that a row of it may be older or newer than the ledger's.

    Such a row is never told of grants: it would have a new generation and old traits. `complete` says whether the
    fleet has been told of everything that the batch granted; `outdated`, whether it lacks a provider that the batch
    itself has moved, taken away or changed: what is best by a strategy is then for a later batch to say.
    """

    __slots__ = ("_in_step", "_ledger", "complete", "fleet", "outdated")

    def __init__(self, fleet: Fleet, ledger: Ledger) -> None:
        self.fleet = fleet
        self.complete = True
        self.outdated = False
        self._ledger = ledger
        self._in_step: dict[ProviderId, bool] = {}

    def in_step(self, provider: ProviderId) -> bool:
        """Whether fleet and ledger have the same version of the provider, or neither has it."""
        known = self._in_step.get(provider)
        if known is None:
            ours, theirs = self._ledger.read.get(provider), self.fleet.row(provider)
            known = self._in_step[provider] = _version(ours) == _version(theirs)
        return known

    def vouched(self, provider: ProviderId) -> bool:
        """Whether the ledger has the provider just as the fleet does; one that the batch did not read is adopted."""
        if provider in self._ledger.read or provider in self._ledger.providers:
            return self.in_step(provider)
        row = self.fleet.row(provider)
        if row is None:
            return False
        self._ledger.adopt(row)
        return True

    def tell(self, grant: Grant) -> None:
        """Tell the fleet of a grant that the ledger is about to be given."""
        for provider, levels in grant.levels.items():
            if self.in_step(provider):
                self.fleet.move(provider, levels.generation, levels.inventories)
            else:
                self.complete = False
        for provider, row in grant.providers.items():
            whole = self._whole(provider, row) if self.in_step(provider) else None
            if whole is None:
                self._in_step[provider] = self.complete = False
                self.outdated = True
            else:
                self.fleet.put(whole)

    def _whole(self, provider: ProviderId, row: ProviderRow | None) -> ProviderRow | None:
        """The row with all its links, those that were not loaded from the fleet.

        None for one that goes or moves: for that the fleet would have to know the rest of its tree as the ledger does.
        """
        old, known = self._ledger.provider(provider), self.fleet.row(provider)
        if row is None:
            return None
        if old is None or known is None:
            return row if known is None and self._joins(row) else None
        if (old.parent, old.root) != (row.parent, row.root):
            return None
        return replace(
            row,
            traits=known.traits if row.traits == old.traits else row.traits,
            aggregates=known.aggregates if row.aggregates == old.aggregates else row.aggregates,
        )

    def _joins(self, row: ProviderRow) -> bool:
        """Whether the fleet knows the tree that a new provider joins as the ledger does."""
        if row.parent is None:
            return True
        parent = self.fleet.row(row.parent)
        return parent is not None and parent.root == row.root


def _version(row: ProviderRow | None) -> tuple[int, int] | None:
    return None if row is None else (row.row, row.generation)
