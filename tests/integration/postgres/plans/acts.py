"""All that the worker asks of the database, done by the worker's own code on the large tables."""

import time
from datetime import timedelta
from typing import Final

from pamqp.commands import Basic
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.cloudevents import encode
from schemas.queries import QUERIES, StoredQuery
from tests.integration.postgres.plans.claims import FEW, WAVES, Claim
from tests.integration.postgres.plans.claims import holder as consumer
from tests.integration.postgres.plans.large import KEPT_DAYS
from tests.integration.postgres.plans.queries import ASKED
from tests.integration.postgres.plans.watching import Watch
from worker.engine.ahead import InHand
from worker.engine.apply import Route
from worker.engine.intake import read
from worker.engine.render import Renderer
from worker.messages import Delivery
from worker.placement.ids import ConsumerId
from worker.placement.plan import ConsumerPut
from worker.postgres.database import Store
from worker.postgres.reads import Reads
from worker.telemetry import Telemetry

CARRIES_MAX: Final = 8
SWEEP_BATCHES_MAX: Final = 16
PRUNE_ROWS_MAX: Final = 1_000


async def decide(engine: AsyncEngine, watch: Watch) -> dict[str, set[str]]:
    """Claims of every op, a batch of each after the other; the events that each op came to."""
    route = Route(Store(engine), Renderer("/plans", "events"), Telemetry(), CARRIES_MAX, time.monotonic)
    told: dict[str, set[str]] = {}
    for claims in WAVES:
        watch.what = claims[0]["op"]
        waiting, _ = read([_delivery(claim) for claim in claims])
        while waiting:
            applied = await route.apply(waiting, [], InHand())
            waiting = applied.deferred
            for record, _ in applied.answered:
                told.setdefault(watch.what, set()).add(record.types[0])
    return told


async def ask(engine: AsyncEngine, watch: Watch) -> None:
    """Queries of every op."""
    reads = Reads(engine)
    for asked in ASKED:
        query = QUERIES.validate_python(asked)
        assert isinstance(query, StoredQuery)
        watch.what = f"{asked['op']} {' '.join(name for name in asked if name != 'op')}"
        assert await reads.answer(query)


async def keep_up(engine: AsyncEngine, watch: Watch) -> None:
    """What is done beside claims, and what happens when two workers make the same consumer."""
    store = Store(engine)
    watch.what = "sweep"
    swept = await store.unconfirmed(timedelta(minutes=5), SWEEP_BATCHES_MAX)
    assert swept
    watch.what = "confirm"
    await store.confirm([one.batch for one in swept])
    watch.what = "age"
    assert await store.prune(timedelta(days=KEPT_DAYS), PRUNE_ROWS_MAX) == PRUNE_ROWS_MAX
    watch.what = "probe"
    await store.probe()
    watch.what = "made by another worker meanwhile"
    async with store.transaction() as transaction:
        known = [_put(number) for number in range(FEW)]
        locked = await transaction.lock((), (), known)
        assert len(locked.consumers) == FEW


def _put(number: int) -> ConsumerPut:
    named = consumer(number)
    return ConsumerPut(ConsumerId(named["id"]), None, named["project"], named["user"], None, None, 1)


def _delivery(claim: Claim) -> Delivery:
    properties = Basic.Properties()
    return Delivery(encode(claim), claim["op"], properties, tag=1, epoch=1, redelivered=False, attempts=0)
