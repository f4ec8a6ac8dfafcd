"""What is measured for the rows that are asked for."""

import pytest

from tests.bench.arms import ONE, PLACE, PLACE_10_000, PLACE_100_000, RELAY, compared, needed
from tests.bench.rates import Rates, lines
from tests.bench.workload import gathered, provider, spread, spread_over


def test_a_row_needs_its_own_arms_and_what_they_are_compared_with_once_each() -> None:
    assert needed(compared({"6"}, quick=True)) == [PLACE, PLACE_10_000, PLACE_100_000]
    assert needed(compared({"1"}, quick=True))[:2] == [RELAY, ONE]
    assert needed(compared({"9"}, quick=True), [ONE]) == [ONE]
    assert needed(compared({"1"}, quick=True), [ONE]).count(ONE) == 1


def test_lines_pair_an_arm_with_its_floor_in_the_same_repetition() -> None:
    asked = compared({"6"}, quick=True)
    rates = Rates()
    for number, arm in enumerate(needed(asked), start=1):
        rates.of[arm] = [1_000.0 / number, 3_000.0 / number]
        rates.refused[arm] = number
    first, second = lines(rates, asked)
    assert (first.ratio, second.ratio) == (0.5, 1 / 3)
    assert first.note.endswith("refused: 6")


@pytest.mark.parametrize("quick", [True, False])
def test_each_row_that_empties_a_queue_has_a_line_with_a_target_whether_quick_or_not(quick: bool) -> None:
    rows = {"1", "3", "4", "5", "6", "7", "8"}
    assert {line.row for line in compared(rows, quick=quick) if line.target} == rows
    assert {line.row for line in compared({"5", "8"}, quick=quick)} == {"5", "8"}


def test_claims_spread_over_a_fleet_meet_each_provider_as_often() -> None:
    targets = [next(iter(claim["allocations"])) for claim in spread_over(100)(200)]
    assert sorted(targets) == sorted([provider(number) for number in range(100)] * 2)


def test_claims_gathered_in_messages_are_as_many_and_the_last_message_has_the_rest() -> None:
    messages = list(gathered(64, spread)(150))
    assert [len(message["claims"]) for message in messages] == [64, 64, 22]
    assert len({claim["claim_id"] for message in messages for claim in message["claims"]}) == 150
