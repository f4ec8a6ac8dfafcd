"""Short ways to ask small fleets: what is offered, by the numbers of providers."""

from collections.abc import Iterable, Mapping

from tests.builders import provider_id
from worker.placement.explanation import Explanation
from worker.placement.ids import Amounts, ProviderId, ResourceClass
from worker.placement.request import Candidate, Request
from worker.placement.search.order import candidates
from worker.placement.search.rows import Rows
from worker.placement.snapshot import ProviderRow

Numbered = dict[int, dict[ResourceClass, int]]
Credit = Mapping[int, Mapping[ResourceClass, int]]
NOTHING: Credit = {}


def number_of(provider: ProviderId) -> int:
    """The number in a test's provider id."""
    return int(provider[-12:], 16)


def given_by(candidate: Candidate) -> Numbered:
    """Its allocations by provider number."""
    return {number_of(provider): dict(amounts) for provider, amounts in candidate.allocations.items()}


def mapped(candidate: Candidate) -> dict[str, list[int]]:
    """Its mappings by provider number."""
    return {name: [number_of(provider) for provider in some] for name, some in candidate.mappings.items()}


def found(rows: Iterable[ProviderRow], request: Request, credit: Credit = NOTHING) -> list[Candidate]:
    """All candidates, in order."""
    return list(candidates(request, Rows(rows), _held(credit)))


def offered(rows: Iterable[ProviderRow], request: Request, credit: Credit = NOTHING) -> list[Numbered]:
    """The allocations of all candidates, in order."""
    return [given_by(candidate) for candidate in found(rows, request, credit)]


def givers(rows: Iterable[ProviderRow], request: Request) -> list[list[int]]:
    """Who gives in each candidate, in order."""
    return [sorted(numbered) for numbered in offered(rows, request)]


def explained(rows: Iterable[ProviderRow], request: Request, credit: Credit = NOTHING) -> Explanation:
    """The explanation."""
    return Rows(rows).explain(request, _held(credit))


def _held(credit: Mapping[int, Mapping[ResourceClass, int]]) -> Amounts:
    return {provider_id(number): amounts for number, amounts in credit.items()}
