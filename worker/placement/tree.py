"""Parents, roots and descendants: what may become whose parent, and what a move changes."""

from dataclasses import replace

from worker.placement.ids import ProviderId
from worker.placement.ledger import Ledger
from worker.placement.outcomes import RootChanged
from worker.placement.snapshot import ProviderRow


def path_down(provider: ProviderId, parent: ProviderId | None, ledger: Ledger) -> list[ProviderId]:
    """The way from a provider down to its would-be parent, both included; empty if the parent does not stand below."""
    path: list[ProviderId] = []
    step = parent
    while step is not None:
        path.append(step)
        if step == provider:
            return path[::-1]
        row = ledger.provider(step)
        step = None if row is None else row.parent
    return []


def relied_parents(row: ProviderRow | None, ledger: Ledger) -> set[ProviderId]:
    """A provider and its root, for whoever stands or stood below it.

    A root that was not loaded is left out: no descendant changes its root without advancing, so that the provider's
    own generation vouches for its root.
    """
    if row is None:
        return set()
    return {name for name in (row.id, row.root) if name in ledger.providers}


def moved(
    old: ProviderRow, new: ProviderRow, parent: ProviderRow | None, ledger: Ledger
) -> tuple[ProviderRow, dict[ProviderId, ProviderRow], tuple[RootChanged, ...]]:
    """`new` under `parent`, its descendants advanced and under the new root, and what is told of them.

    Descendants that keep their root (a move within a tree) do not change.
    """
    root = new.id if parent is None else parent.root
    here = replace(new, parent=None if parent is None else parent.id, root=root)
    if root == old.root:
        return here, {}, ()
    descendants: dict[ProviderId, ProviderRow] = {}
    waiting = ledger.children(new.id)
    while waiting:
        row = ledger.provider(waiting.pop())
        assert row is not None, new.id  # noqa: S101
        waiting.extend(ledger.children(row.id))
        descendants[row.id] = replace(row, root=root, generation=row.generation + 1, updated_at=new.updated_at)
    told = sorted(descendants.values(), key=lambda row: row.id)
    return here, descendants, tuple(RootChanged(row.id, row.row, row.generation, row.root) for row in told)
