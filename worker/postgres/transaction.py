"""One transaction over a batch of claims: each method is one step of the route, in this order."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from worker.messages import Record, Recorded
from worker.placement.feed import Feed, Horizon
from worker.placement.ids import ClaimId, ConsumerId, ProviderId, RowId
from worker.placement.plan import ConsumerPut, Locked, Version, Writes
from worker.placement.snapshot import Snapshot, Wanted
from worker.postgres import feed, inbox, locks, snapshot
from worker.postgres.write_consumers import delete_allocations, write_consumers
from worker.postgres.write_inventories import delete_inventories, put_inventories
from worker.postgres.write_last import write_last
from worker.postgres.write_names import create_names, delete_names
from worker.postgres.write_providers import (
    link_providers,
    restructure_providers,
    unlink_providers,
)


class StoreTransaction:
    """The steps of one transaction. Statements are as many for one claim as for a thousand."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._inserted: dict[ConsumerId, tuple[RowId, ConsumerPut]] = {}

    async def keep_fresh(self, claims: Sequence[ClaimId], confirmed: Sequence[int]) -> Mapping[ClaimId, Recorded]:
        """The outcomes that some of `claims` have already; `confirmed` batches need no sweeping any more."""
        return await inbox.keep_fresh(self._connection, claims, confirmed)

    async def refresh(self, since: Horizon, known: Sequence[Version] = ()) -> Feed:
        """What has changed since that horizon was reached; before this transaction has written anything itself.

        `known`: what the reader wrote and knows to be committed; it is left out unless it has changed again.
        """
        return await feed.refresh(self._connection, since, known)

    async def load_snapshot(self, wanted: Wanted) -> Snapshot:
        """What `wanted` names, of one moment; consumers inserted by this transaction's own `lock` are left out."""
        own = [row for row, _ in self._inserted.values()]
        return await snapshot.load_snapshot(self._connection, wanted, own)

    async def lock(
        self, providers: Iterable[ProviderId], consumers: Iterable[ConsumerId], new: Sequence[ConsumerPut]
    ) -> Locked:
        """Lock providers, then consumers, then insert `new` ones, each by id; the versions of those that exist.

        A consumer that is inserted is locked too but is not among the versions; one of `new` that turns out to
        exist is. Raises `LockTimeout`, and `Conflict` where a new consumer is being made by another transaction.
        """
        asked = {put.id: put for put in new}
        taken = await locks.lock(self._connection, set(providers), set(consumers) - asked.keys(), new)
        self._inserted |= {name: (row, asked[name]) for name, row in taken.inserted.items()}
        late = asked.keys() - taken.inserted.keys()
        found = await locks.lock_latecomers(self._connection, late) if late else {}
        return Locked(taken.providers, taken.consumers | found)

    async def write_plan(self, writes: Writes, records: Sequence[Record] = ()) -> int | None:
        """Write all that a batch changes, and keep its outcomes; the number of the batch they make, to be confirmed.

        Raises `Conflict` where a row is not as the plan found it, or another worker has decided one of the claims.
        """
        await create_names(self._connection, writes)
        await delete_allocations(self._connection, writes)
        await delete_inventories(self._connection, writes)
        await unlink_providers(self._connection, writes)
        await restructure_providers(self._connection, writes)
        await put_inventories(self._connection, writes)
        await link_providers(self._connection, writes)
        rows = await write_consumers(self._connection, writes, self._inserted)
        await delete_names(self._connection, writes)
        return await write_last(self._connection, writes, rows, records)
