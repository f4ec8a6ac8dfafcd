"""A worker that kills itself between two stages of the route: the real parts, each wrapped from outside.

`--after`: the stage behind which it dies, `--times`: the how-manieth batch it is that gets so far.
"""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from enum import StrEnum
from random import Random
from typing import Any, cast

from worker.cli.loop import run_in_loop
from worker.clock import SystemClock
from worker.engine.apply import Route
from worker.engine.failures import Failures
from worker.engine.loop import Engine
from worker.engine.parking import Parking
from worker.engine.ports import Surroundings
from worker.engine.publish import Announcer
from worker.engine.render import Renderer
from worker.engine.replies import Replies
from worker.engine.session import Limits, Session
from worker.http.watchdog import Watchdog
from worker.messages import Delivery, Outgoing
from worker.postgres.database import Limits as DatabaseLimits
from worker.postgres.database import Store, create_engine
from worker.postgres.transaction import StoreTransaction
from worker.rabbit.connection import Broker, Lost
from worker.rabbit.consumer import Consumer, Sink
from worker.rabbit.publisher import Publisher
from worker.rabbit.topology import Names
from worker.settings import Settings, load
from worker.telemetry import Telemetry, configure_logging


class Stage(StrEnum):
    """Behind which it dies, in the order of the route."""

    TAKE = "take"
    INBOX = "inbox"
    READ = "read"
    DECIDE = "decide"
    LOCK = "lock"
    WRITE = "write"
    COMMIT = "commit"
    PUBLISH = "publish"
    ACK = "ack"


BEFORE = {"lock": Stage.DECIDE}
AFTER = {
    "keep_fresh": Stage.INBOX,
    "load_snapshot": Stage.READ,
    "lock": Stage.LOCK,
    "write_plan": Stage.WRITE,
}


class Fate:
    """Where it ends."""

    def __init__(self, stage: Stage, times: int) -> None:
        self._stage, self._left = stage, times

    def reached(self, stage: Stage | None) -> None:
        """SIGKILL to ourselves, if this is the place and the time."""
        self._left -= stage is self._stage
        if self._left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)


class MortalTransaction:
    """Has all steps of a transaction."""

    def __init__(self, inner: StoreTransaction, fate: Fate) -> None:
        self._inner, self._fate = inner, fate

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        step = getattr(self._inner, name)

        async def taken(*given: Any, **named: Any) -> Any:
            self._fate.reached(BEFORE.get(name))
            found = await step(*given, **named)
            self._fate.reached(AFTER.get(name))
            return found

        return taken


class MortalStore(Store):
    """Dies in transactions, and behind their commit."""

    fate: Fate

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[StoreTransaction]:
        async with super().transaction() as transaction:
            yield cast(StoreTransaction, MortalTransaction(transaction, self.fate))
        self.fate.reached(Stage.COMMIT)


class MortalConsumer(Consumer):
    """Dies with deliveries in hand, and behind an ack."""

    fate: Fate

    async def open(self, sink: Sink, lost: Lost, prefetch: int | None = None) -> int:
        def take(delivery: Delivery) -> None:
            sink(delivery)
            self.fate.reached(Stage.TAKE)

        return await super().open(take, lost, prefetch)

    def ack(self, epoch: int, tags: Sequence[int], multiple_up_to: int | None = None) -> None:
        super().ack(epoch, tags, multiple_up_to)
        self.fate.reached(Stage.ACK)


class MortalPublisher(Publisher):
    """Dies when the broker has confirmed a batch's events, which nobody else knows."""

    fate: Fate

    async def publish_all(self, messages: Sequence[Outgoing], mandatory: bool = False) -> None:
        await super().publish_all(messages, mandatory)
        if messages and messages[0].exchange:
            self.fate.reached(Stage.PUBLISH)


async def run(settings: Settings, fate: Fate) -> None:
    """Until it dies, or SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    database = create_engine(settings.database_url.get_secret_value(), DatabaseLimits())
    try:
        await _engine(settings, fate, MortalStore(database)).run(stop)
    finally:
        await database.dispose()


def _engine(settings: Settings, fate: Fate, store: MortalStore) -> Engine:
    broker, names = Broker(settings.broker_url.get_secret_value(), settings.heartbeat_s), Names(settings.prefix)
    consumer, publisher = MortalConsumer(broker, names.claims, settings.prefetch), MortalPublisher(broker)
    store.fate = consumer.fate = publisher.fate = fate
    clock, telemetry = SystemClock(), Telemetry()
    around = Surroundings(clock, Random(), telemetry, Watchdog(clock.monotonic, stalled_after_s=60))  # noqa: S311 - jitter
    renderer, replies = Renderer(settings.source, names.events), Replies(settings.reply_to_pattern)
    announcer = Announcer(publisher, renderer, Parking(names.dead, names.claims, names.claims), replies, around)
    limits = Limits(
        batch_size_max=settings.batch_size_max, carries_max=settings.carries_max,
        conflict_tries_max=settings.conflict_tries_max, parked_in_a_row_max=settings.parked_in_a_row_max,
        inbox_keep=timedelta(days=1), sweep_after=timedelta(minutes=5),
    )  # fmt: skip
    route = Route(store, renderer, telemetry, limits.carries_max, clock.monotonic)
    failures = Failures(route, store, around, limits.conflict_tries_max)

    def session() -> Session:
        return Session(
            consumer=consumer, store=store, failures=failures, announcer=announcer, around=around, limits=limits
        )

    async def prepare() -> None:
        await publisher.open()

    return Engine(
        session=session, prepare=prepare, store=store, publisher=publisher, around=around, backoff_s=(0.1, 5.0),
        role="dying",
    )  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.dying", description=__doc__)
    parser.add_argument("--after", type=Stage, choices=list(Stage), required=True)
    parser.add_argument("--times", type=int, default=1)
    options = parser.parse_args(sys.argv[1:])
    loaded = load(Settings)
    configure_logging(loaded.log_format, loaded.log_level)
    run_in_loop(run(loaded, Fate(options.after, options.times)))
