"""The composition root: builds the worker from its settings, starts it, stops it in order."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from random import Random

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from worker.addresses import broker_tls, database_tls
from worker.clock import SystemClock
from worker.engine.access import Access
from worker.engine.apply import Route
from worker.engine.failures import Failures
from worker.engine.loop import Engine
from worker.engine.parking import Parking
from worker.engine.ports import Surroundings
from worker.engine.publish import Announcer
from worker.engine.queries import QuerySession
from worker.engine.render import Renderer
from worker.engine.replies import Replies
from worker.engine.resident import Views
from worker.engine.searches import Answers
from worker.engine.session import Limits, Session
from worker.faults import Outage
from worker.http.server import serve
from worker.http.verdict import Verdict
from worker.http.watchdog import Watchdog
from worker.policy import load_policy
from worker.postgres.database import Limits as DatabaseLimits
from worker.postgres.database import Store, create_engine
from worker.postgres.reads import Reads
from worker.rabbit.connection import Broker
from worker.rabbit.consumer import Consumer
from worker.rabbit.declare import check, declare
from worker.rabbit.publisher import Publisher
from worker.rabbit.topology import Names, topology
from worker.rabbit.user import user_of
from worker.settings import Role, Settings
from worker.telemetry import Log, Telemetry
from worker.tls import Verify

DATABASE_CONNECTIONS_FOR_CLAIMS = 4
"""Two for a batch and the one behind it, one for the upkeep beside them, one to load all providers."""

DATABASE_SILENT_MAX_MS = 5_000
"""Beyond what the server grants a statement: it answers by then, or the connection to it is gone and nobody said so."""

DATABASE_CONNECTIONS_FOR_A_VIEW = 2
"""Beside those of the queries in flight: one to bring it up to date, one to load it."""


async def run(settings: Settings, stop: asyncio.Event | None = None) -> None:
    """Work until `stop` is set, or SIGTERM or SIGINT comes; what is in hand is finished and settled first."""
    stop = stop or asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    access = _access(settings)
    log = structlog.get_logger()
    log.info(Log.STARTED, role=settings.role, prefix=settings.prefix)
    for server, verify in _lowered(settings):
        log.warning(Log.NOT_VERIFIED, server=server, verify=verify)
    clock = SystemClock()
    telemetry = Telemetry()
    watchdog = Watchdog(
        clock.monotonic,
        stalled_after_s=settings.stalled_after_s,
        stalled=lambda lag_s: log.warning(Log.LOOP_STALLED, lag_s=round(lag_s, 3)),
    )
    around = Surroundings(clock, Random(), telemetry, watchdog)  # noqa: S311 - jitter, no secret
    async with AsyncExitStack() as held:
        engines = [await held.enter_async_context(part) for part in _parts(settings, around, access)]
        port = await held.enter_async_context(
            serve(
                settings.http_host,
                settings.http_port,
                live=watchdog.verdict,
                ready=lambda: _ready(engines),
                metrics=telemetry.exposition,
            )
        )
        log.info(Log.HTTP_LISTENING, port=port)
        async with asyncio.TaskGroup() as tasks:
            measuring = tasks.create_task(watchdog.measure(), name="watchdog")
            working = [tasks.create_task(engine.run(stop), name=engine.role) for engine in engines]
            await stop.wait()
            log.info(Log.STOPPING)
            await asyncio.gather(*working)
            measuring.cancel()
    log.info(Log.STOPPED)


def _lowered(settings: Settings) -> Iterator[tuple[str, str]]:
    """The servers whose addresses ask for TLS without all of the verification, and what is left of it."""
    asked = {
        "broker": broker_tls(settings.broker_url.get_secret_value()),
        "database": database_tls(settings.database_url.get_secret_value()),
    }
    for server, tls in asked.items():
        if tls is not None and tls.verify is not Verify.FULL:
            yield server, tls.verify.value


def _parts(
    settings: Settings, around: Surroundings, access: Access | None
) -> Sequence[AbstractAsyncContextManager[Engine]]:
    claims = [_claims(settings, around, access)] if settings.role in {Role.CLAIMS, Role.BOTH} else []
    queries = [_queries(settings, around, access)] if settings.role in {Role.QUERIES, Role.BOTH} else []
    return claims + queries


@asynccontextmanager
async def _claims(settings: Settings, around: Surroundings, access: Access | None) -> AsyncIterator[Engine]:
    """The engine that takes claims, with a database engine and broker connections of its own."""
    broker, names = _broker(settings, "claims"), Names(settings.prefix)
    consumer = Consumer(broker, names.claims, settings.prefetch)
    publisher = Publisher(broker, settings.publish_timeout_ms)
    renderer = Renderer(settings.source, names.events)
    parking = Parking(names.dead, names.claims, names.claims, access, user_of(broker.url))
    bulk_exchange = names.events_in_bulk if settings.events_in_bulk else None
    replies = Replies(settings.reply_to_pattern, access)
    announcer = Announcer(publisher, renderer, parking, replies, around, bulk_exchange=bulk_exchange)
    async with _database(settings, DATABASE_CONNECTIONS_FOR_CLAIMS) as database, _closing(consumer, publisher):
        store = Store(database)
        failures = Failures(
            Route(store, renderer, around.telemetry, settings.carries_max, around.clock.monotonic, access=access),
            store,
            around,
            settings.conflict_tries_max,
        )

        def session() -> Session:
            return Session(
                consumer=consumer,
                store=store,
                failures=failures,
                announcer=announcer,
                around=around,
                limits=_limits(settings),
            )

        yield Engine(
            role=Role.CLAIMS.value,
            session=session,
            prepare=partial(_topology_in_order, settings),
            store=store,
            publisher=publisher,
            around=around,
            backoff_s=_backoff_s(settings),
        )


@asynccontextmanager
async def _queries(settings: Settings, around: Surroundings, access: Access | None) -> AsyncIterator[Engine]:
    """The engine that answers queries, apart from claims in everything but the event loop."""
    broker, names = _broker(settings, "queries"), Names(settings.prefix)
    consumer = Consumer(broker, names.queries, settings.queries_in_flight_max)
    publisher = Publisher(broker, settings.publish_timeout_ms)
    async with (
        _database(settings, settings.queries_in_flight_max + DATABASE_CONNECTIONS_FOR_A_VIEW) as database,
        _closing(consumer, publisher),
    ):
        store = Store(database)
        answers = Answers(Reads(database), Views(store), settings.candidates_max)
        # who may not write to the nameless exchange must not have us do it
        replies = None if access is None else Replies(settings.reply_to_pattern)

        def session() -> QuerySession:
            in_flight_max = settings.queries_in_flight_max
            return QuerySession(consumer, answers, publisher, around, in_flight_max, access=access, replies=replies)

        yield Engine(
            role=Role.QUERIES.value,
            session=session,
            prepare=partial(_topology_in_order, settings),
            store=store,
            publisher=publisher,
            around=around,
            backoff_s=_backoff_s(settings),
        )


async def _topology_in_order(settings: Settings) -> None:
    """Declare it (development) or check it (production). Raises `Outage` that says in plain words what differs."""
    wanted = topology(settings.prefix, settings.history, settings.events_in_bulk)
    link = await _broker(settings, "topology").connect("check")
    try:
        if settings.declare_topology:
            await declare(link, wanted)
        differences = await check(link, wanted)
    finally:
        await link.close()
    if differences:
        raise Outage(" ".join(differences))


def _access(settings: Settings) -> Access | None:
    """Raises `InvalidPolicy`."""
    if settings.policy_file is None:
        return None
    policy = load_policy(settings.policy_file)
    return Access(policy.permissions, policy.speakers)


def _broker(settings: Settings, use: str) -> Broker:
    return Broker(settings.broker_url.get_secret_value(), settings.heartbeat_s, f"allocation-worker {use}")


def _backoff_s(settings: Settings) -> tuple[float, float]:
    return settings.probe_backoff_min_ms / 1_000, settings.probe_backoff_max_ms / 1_000


def _limits(settings: Settings) -> Limits:
    return Limits(
        batch_size_max=settings.batch_size_max,
        carries_max=settings.carries_max,
        conflict_tries_max=settings.conflict_tries_max,
        parked_in_a_row_max=settings.parked_in_a_row_max,
        inbox_keep=timedelta(days=settings.inbox_keep_days),
        sweep_after=timedelta(seconds=settings.sweep_after_s),
    )


@asynccontextmanager
async def _database(settings: Settings, connections_max: int) -> AsyncIterator[AsyncEngine]:
    limits = DatabaseLimits(
        pool_size=connections_max,
        statement_timeout_ms=settings.statement_timeout_ms,
        lock_timeout_ms=settings.lock_timeout_ms,
        idle_in_transaction_timeout_ms=settings.idle_in_transaction_timeout_ms,
        answer_timeout_ms=settings.statement_timeout_ms + DATABASE_SILENT_MAX_MS,
    )
    database = create_engine(settings.database_url.get_secret_value(), limits)
    try:
        yield database
    finally:
        await database.dispose()


@asynccontextmanager
async def _closing(*parts: Consumer | Publisher) -> AsyncIterator[None]:
    """Close these at the end; a broker that is away cannot hold up a stop."""
    try:
        yield
    finally:
        for part in parts:
            with suppress(Outage):
                await part.close()


def _ready(engines: Sequence[Engine]) -> Verdict:
    return Verdict(tuple(engine.reason for engine in engines if engine.reason is not None))
