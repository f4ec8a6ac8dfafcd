"""What is measured for the rows that are asked for."""

from tests.bench.arms import ONE, PLACE, PLACE_10_000, PLACE_100_000, RELAY, compared, needed
from tests.bench.rates import Rates, lines
from tests.bench.workload import provider, spread_over


def test_a_row_needs_its_own_arms_and_what_they_are_compared_with_once_each() -> None:
    assert needed({"6"}) == [PLACE, PLACE_10_000, PLACE_100_000]
    assert needed({"1"})[:2] == [RELAY, ONE]
    assert needed({"9"}) == [ONE]
    assert needed({"10"}) == []


def test_lines_pair_an_arm_with_its_floor_in_the_same_repetition() -> None:
    rates = Rates()
    for number, arm in enumerate(needed({"6"}), start=1):
        rates.of[arm] = [1_000.0 / number, 3_000.0 / number]
        rates.refused[arm] = number
    first, second = lines(rates, {"6"})
    assert (first.ratio, second.ratio) == (0.5, 1 / 3)
    assert first.note.endswith("refused: 6")


def test_only_rows_asked_for_have_lines() -> None:
    assert {line.row for line in compared({"5", "8"})} == {"5", "8"}


def test_claims_spread_over_a_fleet_meet_each_provider_as_often() -> None:
    targets = [next(iter(claim["allocations"])) for claim in spread_over(100)(200)]
    assert sorted(targets) == sorted([provider(number) for number in range(100)] * 2)
