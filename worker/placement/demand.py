"""What allocation claims come down to: for each consumer, what it held and what it is to hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from worker.placement.claims import Unset
from worker.placement.grant import ConsumerState
from worker.placement.ids import Amounts, ConsumerId, ProviderId, ResourceClass


@dataclass(slots=True)
class Part:
    """One consumer of a claim. `named` are the amounts as the claim wrote them, whatever they mean for `after`."""

    consumer: ConsumerId
    generation: int | Unset | None
    state: ConsumerState | None
    named: tuple[Amounts, ...]
    provider_generations: Mapping[ProviderId, int]
    before: Amounts
    after: Amounts
    missing: Amounts


Difference = tuple[ResourceClass, ConsumerId, int, int]
"""An amount on a provider that a claim changes: (class, consumer, old, new); 0 is none."""


@dataclass(slots=True)
class Demand:
    """All parts of a claim, the amounts it changes and of whom, and by how much it changes what is handed out."""

    parts: tuple[Part, ...]
    differences: dict[ProviderId, list[Difference]] = field(default_factory=dict)
    changed: set[ConsumerId] = field(default_factory=set)
    net: dict[ProviderId, dict[ResourceClass, int]] = field(default_factory=dict)


def demand_of(parts: tuple[Part, ...]) -> Demand:
    """The parts with their differences; `net` names each provider on which an amount differs, zero sums too."""
    demand = Demand(parts)
    for part in parts:
        before, after = part.before, part.after
        for provider, amounts in after.items():
            _differ(demand, provider, part.consumer, before.get(provider, _NOTHING), amounts)
        for provider, held in before.items():
            if provider not in after:
                _differ(demand, provider, part.consumer, held, _NOTHING)
    return demand


def _differ(
    demand: Demand,
    provider: ProviderId,
    consumer: ConsumerId,
    held: Mapping[ResourceClass, int],
    amounts: Mapping[ResourceClass, int],
) -> None:
    found: list[Difference] = []
    sums = demand.net.get(provider, {})
    for name, new in amounts.items():
        old = held.get(name, 0)
        if new != old:
            found.append((name, consumer, old, new))
            sums[name] = sums.get(name, 0) + new - old
    for name, old in held.items():
        if name not in amounts:
            found.append((name, consumer, old, 0))
            sums[name] = sums.get(name, 0) - old
    if found:
        demand.changed.add(consumer)
        demand.net[provider] = sums
        demand.differences.setdefault(provider, []).extend(found)


_NOTHING: Final[Mapping[ResourceClass, int]] = {}
