"""The arithmetic of the benchmarks."""

import pytest

from tests.bench.figures import Line, Target, percentile, rate, spread


def line(floors: tuple[float, ...] = (100.0, 90.0), target: Target | None = None) -> Line:
    """A line with two repetitions."""
    return Line("1", "claims", "claims/s", (80.0, 90.0), "relay", floors, target)


def test_a_ratio_is_the_median_of_the_repetitions_own_ratios() -> None:
    assert line().ratios == (0.8, 1.0)
    assert line().ratio == pytest.approx(0.9)


def test_a_target_is_met_at_its_bound_and_on_its_own_side() -> None:
    assert line(target=Target("at least", 0.9)).met
    assert not line(target=Target("at least", 0.91)).met
    assert line(target=Target("at most", 0.9)).met
    assert not line(target=Target("at most", 0.89)).met


def test_a_line_with_nothing_beside_it_has_no_ratio_and_meets_nothing() -> None:
    alone = line(floors=(), target=Target("at least", 0.9))
    assert alone.ratio is None
    assert alone.met is None
    assert alone.floor_value is None
    assert alone.spread == pytest.approx(10 / 85)


def test_repetitions_without_their_own_floor_are_an_error() -> None:
    with pytest.raises(ValueError, match="zip"):
        _ = line(floors=(100.0,)).ratios


def test_spread_is_the_range_as_a_share_of_the_median() -> None:
    assert spread((90.0, 100.0, 130.0)) == pytest.approx(0.4)
    assert spread((5.0,)) == 0.0


def test_a_percentile_is_a_value_that_was_seen() -> None:
    values = [float(number) for number in range(100, 0, -1)]
    assert percentile(values, 50) == 50.0
    assert percentile(values, 99) == 99.0
    assert percentile([7.0], 99) == 7.0
    assert percentile([1.0, 2.0, 3.0], 50) == 2.0


def test_a_rate_leaves_warming_up_out() -> None:
    counts = [(0.0, 0), (1.0, 4), (10.0, 20), (11.0, 60), (12.0, 100), (13.0, 100)]
    assert rate(counts, total=100, skipped=0.1) == pytest.approx(40.0)


def test_a_queue_that_was_not_emptied_has_no_rate() -> None:
    with pytest.raises(ValueError, match="60 of 100"):
        rate([(0.0, 0), (1.0, 60)], total=100, skipped=0.1)
