"""`provider.reshape`: inventories move between providers under live allocations, as one change."""

from collections.abc import Mapping, Sequence

from worker.placement import checks, ladder
from worker.placement.allocations import grant_allocations, set_part
from worker.placement.claims import ReshapeProviders
from worker.placement.demand import Demand, demand_of
from worker.placement.grant import Grant
from worker.placement.ids import ProviderId, ResourceClass
from worker.placement.inventory import Inventory
from worker.placement.ledger import Ledger
from worker.placement.outcomes import (
    Accepted,
    AllocationsGranted,
    Code,
    ProviderLevels,
    ProvidersReshaped,
    Rejected,
)
from worker.placement.refusals import Place, first_broken, refuse
from worker.placement.rows import stocked, with_stocks
from worker.placement.snapshot import ProviderRow

Rows = Mapping[ProviderId, ProviderRow]


def reshape_providers(claim: ReshapeProviders, ledger: Ledger) -> Grant | Rejected:
    """The consumers listed hold what the claim says, and the providers listed have exactly its inventories.

    What they are to hold is judged on old and new inventories together, the new ones where both have a class.
    Consumers that are not listed keep what they hold; a class that anyone still holds cannot go.
    """
    demand = demand_of(tuple([set_part(holding, ledger) for holding in claim.holdings]))
    refused = _unknown(claim, demand, ledger)
    if refused is not None:
        return refused
    rows = {provider: row for provider in sorted(claim.inventories) if (row := ledger.provider(provider)) is not None}
    widened = ledger.supposing({provider: _widened(claim, row) for provider, row in rows.items()})
    refused = _conflicting(claim, demand, rows, ledger) or _unlawful(claim, demand, widened)
    if refused is not None:
        return refused
    wanted = [(holding.consumer, holding.mappings) for holding in claim.holdings]
    moves = grant_allocations(claim.id, demand, wanted, widened)
    refused = first_broken(claim.id, (Code.INVENTORY_IN_USE, _in_use(claim, rows, moves, ledger)))
    return refused or _reshaped(claim, rows, moves, widened)


def _unknown(claim: ReshapeProviders, demand: Demand, ledger: Ledger) -> Rejected | None:
    listed = [{"providers": [provider]} for provider in claim.inventories if provider not in ledger.providers]
    classes = {name for new in claim.inventories.values() for name in new.inventories}
    return first_broken(
        claim.id,
        (Code.PROVIDER_NOT_FOUND, _merged("providers", [*listed, *ladder.missing_providers(demand, ledger)])),
        (
            Code.RESOURCE_CLASS_NOT_FOUND,
            _merged(
                "resource_classes",
                [*checks.missing_classes(classes, ledger), *ladder.missing_classes(demand, ledger)],
            ),
        ),
    )


def _merged(kind: str, places: Sequence[Mapping[str, object]]) -> list[Place]:
    """One place with everything that is missing."""
    missing: set[str] = set()
    for place in places:
        names = place[kind]
        assert isinstance(names, list), kind  # noqa: S101
        missing.update(names)
    return [{kind: sorted(missing)}] if missing else []


def _conflicting(claim: ReshapeProviders, demand: Demand, rows: Rows, ledger: Ledger) -> Rejected | None:
    places = ladder.provider_conflicts(demand, ledger)
    for provider, row in rows.items():
        places += [
            one for one in checks.conflict(provider, claim.inventories[provider].generation, row) if one not in places
        ]
    return first_broken(
        claim.id,
        (Code.CONSUMER_GENERATION_CONFLICT, ladder.consumer_conflicts(demand, ledger)),
        (Code.PROVIDER_GENERATION_CONFLICT, sorted(places, key=lambda place: str(place["provider"]))),
    )


def _unlawful(claim: ReshapeProviders, demand: Demand, widened: Ledger) -> Rejected | None:
    invalid: list[Place] = []
    for provider in sorted(claim.inventories):
        invalid += checks.invalid_inventories(provider, claim.inventories[provider].inventories)
    broken = ladder.first_broken_rule(demand, widened)
    if broken is not None and broken[0] is Code.INVENTORY_NOT_FOUND:
        return refuse(claim.id, *broken)
    return first_broken(claim.id, (Code.INVALID_INVENTORY, invalid), *([broken] if broken is not None else []))


def _widened(claim: ReshapeProviders, row: ProviderRow) -> ProviderLevels:
    new = stocked(row, claim.inventories[row.id].inventories)
    return ProviderLevels(row.generation, row.row, {**row.inventories, **new})


def _in_use(claim: ReshapeProviders, rows: Rows, moves: Grant, ledger: Ledger) -> list[Place]:
    places: list[Place] = []
    for provider, row in rows.items():
        dropped = row.inventories.keys() - claim.inventories[provider].inventories.keys()
        places += checks.used_classes(row, dropped, ledger, moves.consumers)
    return places


def _reshaped(claim: ReshapeProviders, rows: Rows, moves: Grant, widened: Ledger) -> Grant:
    """The moves with the final inventories: one change of each provider, whichever of the two changed it."""
    told = moves.accepted.outcome
    assert isinstance(told, AllocationsGranted), claim.id  # noqa: S101
    levels = dict(told.providers)
    changed: dict[ProviderId, ProviderRow] = {}
    for provider, row in rows.items():
        had = moves.levels.get(provider) or widened.levels(provider)
        stocks = {name: had.inventories[name] for name in claim.inventories[provider].inventories}
        generation = row.generation
        if provider in moves.levels or stocks != row.inventories:
            generation += 1
            changed[provider] = with_stocks(row, generation, stocks, widened.snapshot.now)
        levels[provider] = ProviderLevels(generation, row.row, stocks)
    return Grant(
        accepted=Accepted(
            claim.id,
            bool(changed or moves.consumers),
            ProvidersReshaped(
                told.consumers,
                dict(sorted(levels.items())),
                {provider: _inventories(row) for provider, row in rows.items()},
                {provider: claim.inventories[provider].inventories for provider in rows},
            ),
        ),
        providers=changed,
        levels={provider: level for provider, level in moves.levels.items() if provider not in rows},
        consumers=moves.consumers,
        relied_providers=levels,
        relied_consumers=moves.relied_consumers,
    )


def _inventories(row: ProviderRow) -> dict[ResourceClass, Inventory]:
    return {name: stock.inventory for name, stock in row.inventories.items()}
