"""Candidates as `candidates.list` tells them."""

from collections.abc import Sequence

from worker.placement.ids import ProviderId
from worker.placement.request import Candidate
from worker.placement.search.fleet import Fleet
from worker.placement.snapshot import ProviderRow


def offered(candidates: Sequence[Candidate], truncated: bool, fleet: Fleet) -> dict[str, object]:
    """The contract's `data`: the candidates in their order, and every tree that anchors one of them or gives to it."""
    return {
        "allocation_requests": [_allocation_request(candidate) for candidate in candidates],
        "provider_summaries": _summaries(candidates, fleet),
        "truncated": truncated,
    }


def _allocation_request(candidate: Candidate) -> dict[str, object]:
    return {
        "allocations": {provider: dict(amounts) for provider, amounts in candidate.allocations.items()},
        "mappings": {group: list(providers) for group, providers in candidate.mappings.items()},
    }


def _summaries(candidates: Sequence[Candidate], fleet: Fleet) -> dict[ProviderId, dict[str, object]]:
    roots = {candidate.anchor for candidate in candidates}
    givers = {provider for candidate in candidates for provider in candidate.allocations}
    roots |= {row.root for row in map(fleet.row, givers) if row is not None}
    members = {provider: row for root in roots for provider, row in fleet.tree(root).members.items()}
    return {provider: _summary(row) for provider, row in sorted(members.items())}


def _summary(row: ProviderRow) -> dict[str, object]:
    stocks = sorted(row.inventories.items())
    return {
        "resources": {name: {"capacity": stock.inventory.capacity, "used": stock.used} for name, stock in stocks},
        "traits": sorted(row.traits),
        "parent": row.parent,
        "root": row.root,
    }
