"""How good a candidate is by the strategy of its request; what has the highest rank comes first."""

from collections.abc import Callable, Mapping
from hashlib import blake2b
from math import fsum
from typing import Final

from worker.placement.ids import Amounts, ProviderId, ResourceClass, Trait
from worker.placement.request import Strategy
from worker.placement.snapshot import ProviderRow

_MASK: Final = (1 << 64) - 1


def fill(row: ProviderRow, held: Mapping[ResourceClass, int], amounts: Mapping[ResourceClass, int]) -> float:
    """The mean over the classes asked of (used + amount) / capacity, after the claim; a class without capacity is full.

    `held` is what the consumer gives back. Added up by class in order, so that it is the same wherever it is computed.
    """
    total = 0.0
    for name in sorted(amounts):
        inventory, used = row.inventories[name]
        capacity = inventory.capacity
        total += (used - held.get(name, 0) + amounts[name]) / capacity if capacity else 1.0
    return total / len(amounts)


def weight(preferred: Mapping[Trait, float], row: ProviderRow) -> float:
    """The sum of the weights of preferred traits that a provider has, added up by trait in order."""
    total = 0.0
    # not by sum(), which rounds otherwise from one version of the language to the next
    for trait in sorted(preferred):
        if trait in row.traits:
            total += preferred[trait]
    return total


def provider_rank(
    strategy: Strategy,
    preferred: Mapping[Trait, float],
    row: ProviderRow,
    held: Mapping[ResourceClass, int],
    amounts: Mapping[ResourceClass, int],
) -> float:
    """What one provider adds to its candidate's rank (the mean over its providers)."""
    liked = weight(preferred, row)
    match strategy:
        case Strategy.PACK:
            return fill(row, held, amounts) + liked
        case Strategy.SPREAD:
            return liked - fill(row, held, amounts)
        case Strategy.FIRST | Strategy.RANDOM:
            return liked


def rank(
    strategy: Strategy,
    preferred: Mapping[Trait, float],
    row_of: Callable[[ProviderId], ProviderRow],
    credit: Amounts,
    allocations: Amounts,
) -> float:
    """The mean over a candidate's providers, without what the anchor's draw adds.

    The sum is exact before it is rounded, so that candidates that differ in like providers alone rank the same.
    """
    ranks = [
        provider_rank(strategy, preferred, row_of(provider), credit.get(provider, _NOTHING), amounts)
        for provider, amounts in allocations.items()
    ]
    return fsum(ranks) / len(ranks)


def seed_number(seed: str) -> int:
    """64 bits of a seed."""
    return int.from_bytes(blake2b(seed.encode(), digest_size=8).digest())


def draw(seed: int, provider: ProviderId) -> int:
    """64 bits that look random, the same each time for the same seed and provider: two rounds of splitmix64.

    Nothing but additions, shifts and products modulo 2**64, so that arrays of ids can be drawn for at once.
    """
    digits = provider.replace("-", "")
    return _mix(_mix(seed ^ int(digits[:16], 16)) ^ int(digits[16:], 16))


def _mix(number: int) -> int:
    number = (number + 0x9E3779B97F4A7C15) & _MASK
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & _MASK
    return number ^ (number >> 31)


_NOTHING: Final[Mapping[ResourceClass, int]] = {}
