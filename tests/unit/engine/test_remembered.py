"""Which rows a worker remembers of its own batches, and when it says so."""

from dataclasses import replace

import pytest

from tests.builders import VCPU, consumer, holding, provider_id, provider_row, set_claim, snapshot, state_claim
from worker.engine import remembered
from worker.engine.remembered import Remembered
from worker.placement.decide import decide
from worker.placement.ids import ProviderId
from worker.placement.inventory import Inventory
from worker.placement.plan import Plan
from worker.placement.snapshot import Wanted

P1, P2 = provider_id(1), provider_id(2)
ROWS = tuple(provider_row(number, {VCPU: Inventory(10)}) for number in (1, 2, 3))


def granted(*numbers: int) -> Plan:
    """One VCPU of each of these providers."""
    claims = [set_claim(n, holding(consumer(n), {provider_id(n): {VCPU: 1}})) for n in numbers]
    return decide(claims, snapshot(*ROWS))


def known(memory: Remembered, *providers: ProviderId) -> set[ProviderId]:
    """Of which of these it knows the row."""
    told = memory.among(Wanted(providers=providers)).known
    return set() if told is None else set(told.rows)


def test_what_a_batch_has_left_is_known_to_the_next() -> None:
    memory = Remembered()
    memory.keep(7, granted(1))
    told = memory.among(Wanted(providers=(P1, P2))).known
    assert told is not None
    assert (told.catalogue, set(told.rows)) == (7, {P1})
    assert (told.rows[P1].generation, told.rows[P1].inventories[VCPU].used) == (ROWS[0].generation + 1, 1)


def test_nothing_is_known_of_what_only_other_batches_name() -> None:
    memory = Remembered()
    memory.keep(7, granted(1))
    assert memory.among(Wanted(providers=(P2,))) == Wanted(providers=(P2,))


@pytest.mark.parametrize("wanted", [Wanted(trees=(P1,)), Wanted(linked=(P1,)), Wanted(held=(P1,))])
def test_who_wants_more_than_the_row_gets_it_read(wanted: Wanted) -> None:
    memory = Remembered()
    memory.keep(7, granted(1))
    assert memory.among(replace(wanted, providers=(P1,))).known is None


def test_other_names_of_classes_end_all_that_was_known() -> None:
    memory = Remembered()
    memory.keep(7, granted(1))
    memory.keep(8, granted(2))
    assert known(memory, P1, P2) == {P2}


def test_a_batch_that_changes_more_than_allocations_leaves_nothing_to_remember() -> None:
    memory = Remembered()
    memory.keep(7, decide([state_claim(1, 1, "draining")], snapshot(*ROWS)))
    assert known(memory, P1) == set()


def test_what_was_left_longest_ago_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "REMEMBERED_MAX", 2)
    memory = Remembered()
    for number in (1, 2, 1, 3):
        memory.keep(7, granted(number))
    assert known(memory, P1, P2, provider_id(3)) == {P1, provider_id(3)}


def test_after_a_failure_nothing_is_known() -> None:
    memory = Remembered()
    memory.keep(7, granted(1, 2))
    memory.forget()
    assert known(memory, P1, P2) == set()
