"""First fit, held to a plain search."""

from hypothesis import given
from hypothesis import strategies as st

from worker.cli.workload.amounts import Amounts
from worker.cli.workload.first_fit import FreeTree

amounts = st.builds(Amounts, *[st.integers(0, 4)] * 3)


def plainly(free: list[Amounts], wanted: Amounts, start: int) -> int | None:
    return next((place for place in range(start, len(free)) if wanted.fits_in(free[place])), None)


@given(st.lists(amounts, min_size=1, max_size=20), amounts, st.integers(0, 20))
def test_the_first_place_with_room_is_found(free: list[Amounts], wanted: Amounts, start: int) -> None:
    assert FreeTree(free).first(wanted, start) == plainly(free, wanted, start)


@given(st.lists(amounts, min_size=1, max_size=20), st.lists(st.tuples(st.integers(0, 19), amounts)), amounts)
def test_it_is_found_after_changes_too(
    free: list[Amounts], changes: list[tuple[int, Amounts]], wanted: Amounts
) -> None:
    tree = FreeTree(free)
    for place, now_free in changes:
        if place < len(free):
            free[place] = tree[place] = now_free
    assert tree.first(wanted) == plainly(free, wanted, 0)
    assert [tree[place] for place in range(len(free))] == free
