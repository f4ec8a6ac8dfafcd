"""Two transactions on the same rows: who waits, in which order, and what the loser sees."""

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.contract.batches import (
    C1,
    C2,
    C3,
    P1,
    P2,
    P3,
    consumer_id,
    edit,
    grant,
    keep,
    make_providers,
    outcome,
    provider_id,
    put,
)
from tests.integration.postgres.conftest import Sql
from worker.faults import Conflict, LockTimeout
from worker.placement.ids import ConsumerId, ProviderId
from worker.placement.plan import Locked, Writes
from worker.placement.snapshot import Wanted
from worker.postgres import inbox, locks
from worker.postgres.database import Limits, Store, create_engine


async def lock(store: Store, providers: Sequence[ProviderId], consumers: Sequence[ConsumerId] = ()) -> Locked:
    """The lock phase in a transaction of its own."""
    async with store.transaction() as transaction:
        return await transaction.lock(providers, consumers, ())


async def test_providers_are_locked_in_order_of_id_whatever_the_order_given(store: Store, sql: Sql) -> None:
    await make_providers(store, [P3, P1, P2])
    async with asyncio.TaskGroup() as tasks, store.transaction() as holder:
        await holder.lock((P2,), (), ())
        waiting = tasks.create_task(lock(store, [P3, P2, P1]))
        await sql.wait_for_waiters()
        free = "SELECT count(*) FROM (SELECT FROM providers WHERE uuid = :id FOR UPDATE SKIP LOCKED) AS free"
        assert await sql.value(free, id=P1) == 0
        assert await sql.value(free, id=P3) == 1
    assert (await waiting).providers.keys() == {P1, P2, P3}


async def test_consumers_are_locked_after_all_providers_and_made_after_both(store: Store, sql: Sql) -> None:
    free = "SELECT count(*) FROM (SELECT FROM consumers WHERE uuid = :id FOR UPDATE SKIP LOCKED) AS free"
    await make_providers(store, [P1])
    await grant(store, {C1: {P1: 1}, C2: {P1: 1}})

    async def waits(store: Store) -> Locked:
        async with store.transaction() as transaction:
            locked = await transaction.lock((P1,), (C1, C2), (put(C3),))
            await transaction.write_plan(Writes(consumers_put=(put(C3),)))
            return locked

    async with asyncio.TaskGroup() as tasks:
        async with store.transaction() as holder:
            await holder.lock((), (C2,), ())
            async with store.transaction() as first:
                await first.lock((P1,), (), ())
                waiting = tasks.create_task(waits(store))
                await sql.wait_for_waiters()
                assert await sql.value(free, id=C1) == 1
            await sql.wait_while(free, id=C1)
            async with store.transaction() as other:
                assert not (await other.lock((), (), (put(C3),))).consumers
                await other.write_plan(Writes())
        assert (await waiting).consumers.keys() == {C1, C2}


async def test_a_consumer_made_while_its_provider_is_waited_for_is_locked_too(store: Store, sql: Sql) -> None:
    await make_providers(store, [P1])
    await grant(store, {C1: {P1: 1}})
    async with asyncio.TaskGroup() as tasks, store.transaction() as holder:
        await holder.lock((P1,), (), (put(C2),))
        waiting = tasks.create_task(lock(store, [P1], [C1, C2]))
        await sql.wait_for_waiters()
        await holder.write_plan(Writes(consumers_put=(put(C2),)))
    assert (await waiting).consumers.keys() == {C1, C2}


async def test_opposite_orders_never_deadlock(store: Store) -> None:
    providers = [provider_id(number) for number in range(1, 30)]
    consumers = [consumer_id(number) for number in range(1, 30)]
    await make_providers(store, providers)
    await grant(store, {consumer: {P1: 1} for consumer in consumers})
    async with asyncio.TaskGroup() as tasks:
        for _ in range(10):
            tasks.create_task(lock(store, providers, consumers))
            tasks.create_task(lock(store, providers[::-1], consumers[::-1]))


async def test_a_row_locked_too_long_is_a_lock_timeout(database_url: str, store: Store) -> None:
    await make_providers(store, [P1])
    hasty = Store(create_engine(database_url, Limits(lock_timeout_ms=50)))
    async with store.transaction() as holder:
        await holder.lock((P1,), (), ())
        with pytest.raises(LockTimeout):
            await lock(hasty, [P1])
    await hasty.close()


async def test_a_consumer_made_by_another_meanwhile_is_found_once_that_commits(store: Store, sql: Sql) -> None:
    async def loser() -> Locked:
        async with store.transaction() as transaction:
            return await transaction.lock((), (C1, C2), (put(C2), put(C1)))

    async with asyncio.TaskGroup() as tasks, store.transaction() as winner:
        await winner.lock((), (C1,), (put(C1),))
        lost = tasks.create_task(loser())
        await sql.wait_for_waiters()
        await winner.write_plan(Writes(consumers_put=(put(C1),)))
    assert (await lost).consumers.keys() == {C1}


async def test_a_consumer_whose_making_was_rolled_back_is_made_by_the_next(store: Store, sql: Sql) -> None:
    async def second() -> Locked:
        async with store.transaction() as transaction:
            return await transaction.lock((), (C1,), (put(C1),))

    async def first(tasks: asyncio.TaskGroup) -> asyncio.Task[Locked]:
        async with store.transaction() as transaction:
            await transaction.lock((), (C1,), (put(C1),))
            waiting = tasks.create_task(second())
            await sql.wait_for_waiters()
            await transaction.write_plan(Writes())
            return waiting

    async with asyncio.TaskGroup() as tasks:
        made = await first(tasks)
    assert not (await made).consumers


async def test_a_latecomer_in_another_hand_is_a_conflict_and_never_waited_for(
    store: Store, engine: AsyncEngine
) -> None:
    await make_providers(store, [P1])
    await grant(store, {C1: {P1: 1}})
    async with store.transaction() as holder:
        await holder.lock((), (C1,), ())
        async with engine.begin() as connection:
            with pytest.raises(Conflict):
                await locks.lock_latecomers(connection, [C1])


async def test_of_two_workers_with_the_same_claim_one_records_it(store: Store, sql: Sql) -> None:
    async def second() -> int:
        async with store.transaction() as transaction:
            return await keep(transaction, outcome(2), outcome(1))

    async with asyncio.TaskGroup() as tasks, store.transaction() as first:
        await keep(first, outcome(1))
        late = tasks.create_task(expect_conflict(second()))
        await sql.wait_for_waiters()
    assert await late
    assert await sql.value("SELECT count(*) FROM inbox") == 1


async def expect_conflict(step: Awaitable[object]) -> bool:
    """Whether the step ended in a conflict."""
    with pytest.raises(Conflict):
        await step
    return True


async def test_two_sweeps_share_the_work(store: Store, engine: AsyncEngine) -> None:
    async with store.transaction() as transaction:
        await keep(transaction, outcome(1))
    async with store.transaction() as transaction:
        await keep(transaction, outcome(2))
    async with engine.begin() as one, engine.begin() as other:
        first = await inbox.sweep(one, timedelta(0), 1)
        second = await inbox.sweep(other, timedelta(0), 10)
    assert {batch.batch for batch in first}.isdisjoint(batch.batch for batch in second)
    assert len(first) == len(second) == 1


async def test_a_swept_batch_is_left_alone_for_as_long_again(store: Store, sql: Sql) -> None:
    async with store.transaction() as transaction:
        batch = await keep(transaction, outcome(1))
    await sql.run(
        "UPDATE inbox SET recorded_at = recorded_at - interval '1 hour'",
        "UPDATE inbox_unconfirmed SET recorded_at = recorded_at - interval '1 hour'",
    )
    waiting = timedelta(minutes=5)
    assert [swept.batch for swept in await store.unconfirmed(waiting, 10)] == [batch]
    assert await store.unconfirmed(waiting, 10) == []
    await sql.run("UPDATE inbox_unconfirmed SET swept_at = swept_at - interval '6 minutes'")
    assert [swept.batch for swept in await store.unconfirmed(waiting, 10)] == [batch]


async def test_a_child_made_while_its_tree_is_moved_begins_the_move_again(store: Store) -> None:
    await make_providers(store, [P1, P2])
    async with store.transaction() as mover:
        snapshot = await mover.load_snapshot(Wanted(providers=(P1, P2), trees=(P1,)))
        await make_providers(store, [P3], parents={P3: P1})
        await mover.lock((P1, P2), (), ())
        moved = edit(snapshot.providers[P1], parent=P2, root=P2)
        with pytest.raises(Conflict, match="1 children appeared"):
            await mover.write_plan(Writes(providers_edited=(moved,)))
