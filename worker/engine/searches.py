"""Answers to the queries that search among all providers, and which queries those are."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final, Protocol

from schemas.queries import AnyQuery, CandidatesExplain, SearchQuery, StoredQuery
from worker.engine.offers import offered
from worker.engine.requested import request_of
from worker.placement.explanation import told
from worker.placement.request import Request
from worker.placement.search.fleet import Fleet
from worker.placement.search.order import candidates


class Stored(Protocol):
    """Committed state, read from the primary. Raises `ReadRefused`, `Outage`."""

    async def answer(self, query: StoredQuery) -> Mapping[str, object]:
        """The contract's `data`."""

    async def require(self, classes: Collection[str], traits: Collection[str]) -> None:
        """Refuses with the code of what does not exist, classes first."""


class Fleets(Protocol):
    """All providers, kept in memory. Raises `Conflict`, `Outage`."""

    async def fleet(self) -> Fleet:
        """With every change that was committed before the call, and none that is not; to be done with before the
        next `await`, after which a batch in hand may put into it."""


_SEED: Final = ""
"""A query has no claim id to draw by: without a seed of its own it gets the same draw each time."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Each query to where it is answered; `candidates_max` is the most that one reply lists."""

    stored: Stored
    fleets: Fleets
    candidates_max: int

    async def answer(self, query: AnyQuery) -> Mapping[str, object]:
        """The contract's `data`."""
        if isinstance(query, SearchQuery):
            return await self._search(query)
        return await self.stored.answer(query)

    async def _search(self, query: SearchQuery) -> Mapping[str, object]:
        request = request_of(query.request)
        await self.stored.require(*_named(request))
        fleet = await self.fleets.fleet()
        if isinstance(query, CandidatesExplain):
            return told(fleet.explain(request, {}))
        found = list(islice(candidates(request, fleet, {}, seed=_SEED), self.candidates_max + 1))
        return offered(found[: self.candidates_max], len(found) > self.candidates_max, fleet)


def _named(request: Request) -> tuple[list[str], list[str]]:
    """The classes and traits that must exist."""
    groups = request.groups.values()
    classes = {name for group in groups for name in group.resources}
    traits = {name for group in groups for name in group.forbidden.union(*group.required)}
    traits |= request.root_required | request.root_forbidden | request.preferred.keys()
    return sorted(classes), sorted(traits)
