"""Acknowledgements: as few as say what is settled, never one too many."""

from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.broker import FakeProperties
from worker.engine.settle import Acks, Settler
from worker.messages import Delivery, Place


def delivery(tag: int, epoch: int = 1) -> Delivery:
    return Delivery(b"", "", FakeProperties(), tag, epoch, False, 0)


def test_what_is_settled_in_order_is_one_acknowledgement() -> None:
    assert Settler(1).settle([delivery(tag) for tag in (1, 2, 3)]) == Acks((), 3, 3)


def test_above_what_is_open_tags_are_acknowledged_singly() -> None:
    settler = Settler(1)
    assert settler.settle([delivery(2), delivery(4)]) == Acks((2, 4), None, 2)
    assert settler.settle([delivery(1)]) == Acks((), 1, 1)
    assert settler.settle([delivery(3)]) == Acks((), 3, 1)


def test_tags_of_another_epoch_are_dead() -> None:
    assert Settler(2).settle([delivery(1, epoch=1)]) == Acks((), None, 0)


def test_a_message_of_several_claims_is_settled_with_the_last_of_them() -> None:
    settler = Settler(1)
    members = [delivery(2)._replace(place=Place(position, 3)) for position in (1, 2, 3)]
    assert settler.settle([members[2], delivery(1)]) == Acks((), 1, 1)
    assert settler.settle([members[0]]) == Acks((), None, 0)
    assert settler.settle([delivery(3), members[1]]) == Acks((), 3, 2)


def test_claims_of_a_lost_channel_do_not_count_for_a_message_that_has_their_tag() -> None:
    settler = Settler(2)
    assert settler.settle([delivery(1, epoch=1)._replace(place=Place(1, 2))]) == Acks((), None, 0)
    assert settler.settle([delivery(1, epoch=2)._replace(place=Place(1, 2))]) == Acks((), None, 0)
    assert settler.settle([delivery(1, epoch=2)._replace(place=Place(2, 2))]) == Acks((), 1, 1)


@given(st.permutations(range(1, 13)), st.lists(st.integers(1, 4), min_size=12, max_size=12))
def test_in_whatever_order_each_tag_is_acknowledged_once_and_only_when_settled(
    tags: list[int], sizes: list[int]
) -> None:
    settler, settled = Settler(1), set[int]()
    unacked = set(range(1, 13))
    while tags:
        size = sizes.pop()
        batch, tags = tags[:size], tags[size:]
        settled |= set(batch)
        acks = settler.settle([delivery(tag) for tag in batch])
        covered = {tag for tag in unacked if acks.up_to is not None and tag <= acks.up_to}
        assert acks.up_to is None or acks.up_to in unacked, "a tag that the broker does not know any more"
        assert unacked >= set(acks.singly)
        assert covered.isdisjoint(acks.singly)
        assert covered | set(acks.singly) == set(batch)
        unacked -= covered | set(acks.singly)
    assert not unacked
