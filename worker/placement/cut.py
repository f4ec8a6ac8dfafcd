"""Where a batch ends: before a claim whose rows cannot be told apart from those of an earlier one."""

from collections.abc import Sequence
from typing import Final

from worker.placement.claims import (
    AdjustAllocations,
    Claim,
    DeleteClass,
    DeleteTrait,
    PlaceAllocations,
    ReleaseAllocations,
    RenameClass,
    ReshapeProviders,
    SetAllocations,
)
from worker.placement.ids import ConsumerId
from worker.placement.touched import Key, keys_of


def cut(claims: Sequence[Claim]) -> int:
    """The length of the longest prefix of `claims` (at least one) that may be one batch.

    - A claim that makes, ends, renames or moves a thing starts a batch if the thing was touched before, and ends it
      for those that touch the thing after. Moves need no more than that: a tree is loaded whole, the ledger gives the
      moved descendants their new root, and later claims of the batch see them there.
      A provider that was created or declared may be named as a parent, so that trees are declared in one batch: all
      new rows are inserted at once, and a loop is found because of each provider that moves the whole tree is loaded.
    - A claim that is to be placed names no provider. The ledger and the fleet have what earlier claims did to them.
    - Deleting or renaming a class or trait starts a batch: earlier claims may have dropped or taken up its last use
      without naming it. A rename is alone in its batch: providers have the class under claims that do not name it.
    - A consumer that a claim may have left with nothing is not given anything in the same batch. Its row would go
      back to generation 1, and (row, 1) may be what another worker has read earlier; made anew, it is another row.
    """
    shaping = any(not isinstance(claim, PLAIN) for claim in claims)
    named: set[Key] = set()
    shaped: set[Key] = set()
    made: set[Key] = set()
    emptied: set[ConsumerId] = set()
    for position, claim in enumerate(claims):
        if position and isinstance(claim, RenameClass | DeleteClass | DeleteTrait):
            return position
        if position and isinstance(claims[position - 1], RenameClass):
            return position
        if _revives(claim, emptied):
            return position
        if shaping:
            keys = keys_of(claim)
            if not (shaped.isdisjoint(keys.named) and shaped.isdisjoint(keys.shaped) and named.isdisjoint(keys.shaped)):
                return position
            if not made.issuperset(keys.parents & shaped):
                return position
            named |= keys.named | keys.parents
            shaped |= keys.shaped
            made |= keys.made
    return len(claims)


PLAIN: Final = SetAllocations | AdjustAllocations | ReleaseAllocations | PlaceAllocations
"""Claims that change who holds how much, and nothing else."""


def _revives(claim: Claim, emptied: set[ConsumerId]) -> bool:
    """Whether the claim gives to one of `emptied`; those that it may leave with nothing are added."""
    match claim:
        case SetAllocations(holdings=holdings) | ReshapeProviders(holdings=holdings):
            for holding in holdings:
                if not holding.allocations:
                    emptied.add(holding.consumer.id)
                elif holding.consumer.id in emptied:
                    return True
        case PlaceAllocations(consumer=consumer):
            return consumer.id in emptied
        case AdjustAllocations(consumer=consumer, add=add):
            if not add:
                emptied.add(consumer.id)
            elif consumer.id in emptied:
                return True
        case ReleaseAllocations(consumer=consumer_id):
            emptied.add(consumer_id)
        case _:
            pass
    return False
