"""Events in bulk: arrays of bounded size."""

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from schemas.wire import BODY_BYTES_MAX
from worker.engine.bulk import in_bulk
from worker.messages import Outgoing


def event(length: int) -> Outgoing:
    """An event whose body is a JSON text of so many bytes."""
    return Outgoing("events", "a.type", b'"%s"' % (b"x" * (length - 2)), "id", "c")


def test_no_events_are_no_message() -> None:
    assert in_bulk([], "bulk") == []


def test_an_array_of_exactly_the_bound_is_one_message_and_a_byte_more_two() -> None:
    half = BODY_BYTES_MAX // 2
    fitting = [event(half), event(half - len(b"[,]"))]
    (told,) = in_bulk(fitting, "bulk")
    assert len(told.body) == BODY_BYTES_MAX
    assert len(in_bulk([event(half), event(half - len(b"[,]") + 1)], "bulk")) == 2
    assert len(in_bulk([event(BODY_BYTES_MAX), event(half), event(half - len(b"[,]") + 1)], "bulk")) == 3


def test_the_largest_event_is_alone() -> None:
    told = in_bulk([event(10), event(BODY_BYTES_MAX), event(10)], "bulk")
    assert [len(one.body) for one in told] == [12, BODY_BYTES_MAX + 2, 12]


@given(st.lists(st.integers(2, BODY_BYTES_MAX), max_size=12))
@example([3, BODY_BYTES_MAX - 5, 2])
def test_nothing_is_lost_or_put_in_another_order(lengths: list[int]) -> None:
    events = [event(length) for length in lengths]
    told = in_bulk(events, "bulk")
    assert b",".join(one.body[1:-1] for one in told) == b",".join(one.body for one in events)
    for one in told:
        assert len(one.body) <= BODY_BYTES_MAX + 2
    for one, following in pairwise(told):
        first_of_next = following.body[1 : following.body.index(b'"', 2) + 1]
        assert len(one.body) + len(b",") + len(first_of_next) > BODY_BYTES_MAX
