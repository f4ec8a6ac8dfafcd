"""Counting the broker's answers."""

import pytest

from worker.rabbit.confirms import Confirms, Receipt


@pytest.fixture
def confirms() -> Confirms:
    return Confirms()


async def test_a_batch_is_answered_when_its_last_message_is(confirms: Confirms) -> None:
    batch = confirms.expect(3)
    for tag in (2, 3):
        confirms.confirm(tag, multiple=False, accepted=True)
        assert not batch.answered.done()
    confirms.confirm(1, multiple=False, accepted=True)
    assert batch.answered.result() == Receipt()


async def test_one_answer_for_many_reaches_over_batches_up_to_its_tag(confirms: Confirms) -> None:
    first, second = confirms.expect(2), confirms.expect(2)
    confirms.confirm(3, multiple=True, accepted=True)
    assert first.answered.done()
    assert second.waiting == {4}


async def test_refused_messages_are_counted_once(confirms: Confirms) -> None:
    batch = confirms.expect(4)
    confirms.confirm(2, multiple=False, accepted=True)
    confirms.confirm(3, multiple=True, accepted=False)
    confirms.confirm(4, multiple=True, accepted=True)
    assert batch.answered.result() == Receipt(refused=2)


async def test_a_returned_message_counts_for_the_batch_it_was_of(confirms: Confirms) -> None:
    key = ("exchange", "key", "id")
    other, batch = confirms.expect(1), confirms.expect(1, frozenset({key}))
    confirms.returned(key)
    confirms.confirm(2, multiple=True, accepted=True)
    assert (other.answered.result(), batch.answered.result()) == (Receipt(), Receipt(returned=1))


async def test_late_answers_to_a_forgotten_batch_leave_the_next_alone(confirms: Confirms) -> None:
    late = confirms.expect(2)
    confirms.forget(late)
    batch = confirms.expect(2)
    confirms.confirm(2, multiple=True, accepted=False)
    assert batch.waiting == {3, 4}
    confirms.confirm(4, multiple=True, accepted=True)
    assert batch.answered.result() == Receipt()


async def test_a_lost_channel_fails_what_is_not_answered(confirms: Confirms) -> None:
    answered, waiting = confirms.expect(1), confirms.expect(1)
    confirms.confirm(1, multiple=False, accepted=True)
    confirms.fail(ConnectionError("gone"))
    assert answered.answered.result() == Receipt()
    with pytest.raises(ConnectionError, match="gone"):
        await waiting.answered
