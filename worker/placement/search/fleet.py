"""What a search needs of all providers: the port that the reference (`rows.py`) and the fast one satisfy by shape."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from worker.placement.explanation import Explanation
from worker.placement.ids import Amounts, ProviderId, ResourceClass
from worker.placement.inventory import Stock
from worker.placement.request import Candidate, Request
from worker.placement.search.tree import Tree
from worker.placement.snapshot import ProviderRow


class Fleet(Protocol):
    """All providers, complete rows (inventories with used, traits, aggregates), as of one moment plus what was put.

    `credit` is what the consumer holds already: it counts as free for it.
    """

    def row(self, provider: ProviderId) -> ProviderRow | None:
        """The provider, None where there is none."""
        ...

    def roots(self) -> Sequence[ProviderId]:
        """All providers without a parent, sorted."""
        ...

    def tree(self, root: ProviderId) -> Tree:
        """The tree of a root, which must exist."""
        ...

    def promising(self, request: Request, credit: Amounts) -> Iterable[ProviderId]:
        """Roots, sorted: at least all those under which there is a candidate."""
        ...

    def choose(
        self, request: Request, credit: Amounts, seed: str, among: frozenset[ProviderId] | None
    ) -> Candidate | None:
        """The first candidate by the request's strategy, whatever its limit; None only where there is none at all.

        `among`: only these may give. `seed`: for the strategy `random`, where the request has none.
        """
        ...

    def explain(self, request: Request, credit: Amounts) -> Explanation:
        """How many were left after each step, and what came nearest."""
        ...

    def put(self, row: ProviderRow) -> None:
        """The provider is now as this row says; it was made or changed."""
        ...

    def move(self, provider: ProviderId, generation: int, stocks: Mapping[ResourceClass, Stock]) -> None:
        """Only the generation and what is used changed; the provider must exist, with these inventories."""
        ...

    def drop(self, provider: ProviderId) -> None:
        """The provider, which must exist and have no children, is gone."""
        ...

    def keep(self) -> None:
        """What was put, moved and dropped since the last `keep` or `undo` stands."""
        ...

    def undo(self) -> None:
        """What was put, moved and dropped since the last `keep` or `undo` never happened."""
        ...
