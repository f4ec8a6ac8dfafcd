"""Batches are what has arrived."""

import asyncio
from collections.abc import Sequence

from tests.fakes.broker import FakeProperties
from worker.engine.batcher import SUSPICIOUS_ATTEMPTS, Batcher
from worker.messages import Delivery


def _filled(attempts: Sequence[int], size_max: int = 8) -> Batcher[Delivery]:
    batcher: Batcher[Delivery] = Batcher(size_max)
    for tag, count in enumerate(attempts, 1):
        batcher.offer(Delivery(b"", "", FakeProperties(), tag, 1, count > 0, count))
    return batcher


async def _tags(batcher: Batcher[Delivery]) -> list[int]:
    batch = await batcher.next_batch()
    assert batch is not None
    return [one.tag for one in batch]


async def test_a_batch_is_what_has_arrived_up_to_its_bound() -> None:
    batcher = _filled([0] * 5, size_max=3)
    assert await _tags(batcher) == [1, 2, 3]
    assert await _tags(batcher) == [4, 5]


async def test_a_batch_is_waited_for_and_not_longer_than_for_one_delivery() -> None:
    batcher: Batcher[Delivery] = Batcher(3)
    waiting = asyncio.create_task(batcher.next_batch())
    await asyncio.sleep(0)
    assert not waiting.done()
    batcher.offer(Delivery(b"", "", FakeProperties(), 1, 1, False, 0))
    assert len(await waiting or ()) == 1


async def test_what_is_given_back_goes_first_in_its_order() -> None:
    batcher = _filled([0] * 5, size_max=3)
    taken = await batcher.next_batch()
    assert taken is not None
    batcher.give_back(taken[1:])
    assert await _tags(batcher) == [2, 3, 4]


async def test_suspicious_messages_are_taken_alone() -> None:
    batcher = _filled([0, SUSPICIOUS_ATTEMPTS, SUSPICIOUS_ATTEMPTS + 1, 0, SUSPICIOUS_ATTEMPTS - 1])
    assert [await _tags(batcher) for _ in range(4)] == [[1], [2], [3], [4, 5]]


async def test_once_closed_nothing_is_handed_out_and_nothing_taken() -> None:
    batcher = _filled([0])
    batcher.close()
    batcher.offer(Delivery(b"", "", FakeProperties(), 2, 1, False, 0))
    assert await batcher.next_batch() is None
    assert len(batcher) == 0


async def test_closing_ends_the_waiting() -> None:
    batcher: Batcher[Delivery] = Batcher(3)
    waiting = asyncio.create_task(batcher.next_batch())
    await asyncio.sleep(0)
    batcher.close()
    assert await waiting is None


async def test_bodies_beyond_the_bound_in_bytes_wait_but_one_is_always_handed_out() -> None:
    batcher: Batcher[Delivery] = Batcher(8, bytes_max=5)
    for tag, length in enumerate((9, 2, 3, 1), 1):
        batcher.offer(Delivery(b"x" * length, "", FakeProperties(), tag, 1, False, 0))
    assert [await _tags(batcher) for _ in range(3)] == [[1], [2, 3], [4]]


async def test_what_is_given_back_goes_first_and_wakes_who_waits() -> None:
    batcher = _filled([0, 0, 0], size_max=2)
    taken = await batcher.next_batch() or []
    batcher.give_back(taken)
    assert await _tags(batcher) == [1, 2]
    assert await _tags(batcher) == [3]
    waiting = asyncio.create_task(_tags(batcher))
    await asyncio.sleep(0)
    batcher.give_back(taken)
    assert await waiting == [1, 2]
