"""One tree of providers with what is shared with it: all that a search under one anchor looks at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from worker.placement.ids import ProviderId, Trait
from worker.placement.snapshot import ProviderRow

SHARES: Final = Trait("MISC_SHARES_VIA_AGGREGATE")
"""A provider with this trait offers its inventory to each tree that has a member in one of its aggregates."""


@dataclass(frozen=True, slots=True)
class Tree:
    """Complete rows; each mapping is sorted by id.

    `members`: the whole tree. `shared`: sharing providers of other trees that are attached to this one.
    `beyond`: ancestors of those in `shared`, up to their roots, where they are not in `shared` themselves.
    """

    root: ProviderId
    members: Mapping[ProviderId, ProviderRow]
    shared: Mapping[ProviderId, ProviderRow]
    beyond: Mapping[ProviderId, ProviderRow]

    def row(self, provider: ProviderId) -> ProviderRow:
        """The row of a member, of a sharing provider or of an ancestor of one."""
        return self.members.get(provider) or self.shared.get(provider) or self.beyond[provider]

    def line(self, provider: ProviderId) -> tuple[ProviderId, ...]:
        """The provider itself, its parent, and so on up to its root."""
        line: list[ProviderId] = []
        step: ProviderId | None = provider
        while step is not None:
            line.append(step)
            step = self.row(step).parent
        return tuple(line)


def attaches(member: ProviderRow, sharing: ProviderRow) -> bool:
    """Whether the tree of `member` is attached to `sharing` by it; `sharing` must have the trait `SHARES`."""
    return not member.aggregates.isdisjoint(sharing.aggregates)
