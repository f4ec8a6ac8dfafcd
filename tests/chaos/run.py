"""One run: servers of its own, workers behind proxies, a publisher, the nemesis, and at the end the verdict."""

import asyncio
import os
import re
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

from sqlalchemy.engine import make_url

from deploy.local import Stack, local_stack
from tests.chaos.faults import Fault, Struck
from tests.chaos.load import Load, load
from tests.chaos.nemesis import planned, rage
from tests.chaos.proxy import proxy_to
from tests.chaos.side import HEARD
from tests.chaos.verdict import Verdict, judged
from tests.chaos.vitals import Vitals
from tests.chaos.workers import supervised
from tests.chaos.world import HEARTBEAT_S, World
from worker.postgres.migrate import upgrade
from worker.rabbit.connection import Broker
from worker.rabbit.declare import declare
from worker.rabbit.topology import Names, topology

PREFIX: Final = "chaos"
STALLED_S: Final = 120.0
LOOK_EVERY_S: Final = 0.5
SETTLES_S: Final = 3.0
"""RabbitMQ 3.10 writes a new quorum queue's member to disk a while after it was declared."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do. `faults`: how many; `only`: of these names, all if it is empty."""

    claims: int
    seed: int
    workers: int
    faults: int
    only: Sequence[str] = ()


@dataclass(slots=True)
class Run:
    """What was done and what came of it. `broker_use`: connections and channels of workers, at start and end."""

    plan: Plan
    verdict: Verdict
    struck: list[Struck] = field(default_factory=list)
    vitals: dict[str, Any] = field(default_factory=dict)
    samples: list[dict[str, Any]] = field(default_factory=list)
    broker_use: dict[str, str] = field(default_factory=dict)
    load: dict[str, Any] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)
    seconds: float = 0.0
    starts: int = 0

    @property
    def is_good(self) -> bool:
        """Whether every promise held."""
        return self.verdict.is_good and not any(one.late for one in self.struck)


async def run(plan: Plan, say: Callable[[str], None], folder: Path | None = None) -> Run:
    """Strike, and judge. `folder`: where journals and logs are kept; elsewhere they are removed."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as scratch, local_stack() as stack:
        place = folder or Path(scratch)
        journal = place / "journal"
        journal.mkdir(parents=True)
        await asyncio.to_thread(upgrade, stack.urls.database)
        await _topology(stack.urls.broker)
        made = Run(plan, Verdict())
        surprises = await _raged(made, stack, place, journal, say)
        say("judging")
        made.verdict = await judged(journal, stack.urls.database)
        for surprise in surprises:
            made.verdict.find(surprise)
        for one in made.struck:
            if one.first_s is None:
                made.verdict.find(f"nothing was decided after fault {one.number}, {one.name}")
        return made


async def _raged(made: Run, stack: Stack, place: Path, journal: Path, say: Callable[[str], None]) -> list[str]:
    plan, began = made.plan, time.time()
    async with _world(plan, stack, place, journal) as world:
        vitals = Vitals(world.slots, began)
        sampling = asyncio.create_task(vitals.run(), name="vitals")
        faults = planned(plan.seed, plan.faults, plan.only)
        world.load.say(f"until {plan.claims // (len(faults) + 1) // 4}")
        await world.load.first_since(began, STALLED_S)
        made.broker_use["start"] = await _broker_use(world)
        await asyncio.sleep(max(0.0, began + SETTLES_S - time.time()))
        async for struck in rage(world, faults, plan.claims, began, say):
            made.struck.append(struck)
            say(_line(struck, world.load))
        world.load.say(f"until {plan.claims}")
        world.load.say("finish")
        await _settled(world.load)
        made.seconds = time.time() - began
        made.broker_use["end"] = await _broker_use(world)
        vitals.take()
        sampling.cancel()
        made.load, made.vitals, made.samples = world.load.figures, vitals.told(), vitals.as_json()
        slots, made.missed = world.slots, world.missed
    made.starts = sum(slot.starts for slot in slots)
    return [surprise for slot in slots for surprise in slot.surprises]


async def _settled(load: Load) -> None:
    """Once everything is, or nothing has moved for long: what is missing then is lost."""
    while not load.done.is_set() and time.time() - load.moved_at < STALLED_S:  # noqa: ASYNC110 - a clock
        await asyncio.sleep(LOOK_EVERY_S)


async def _topology(broker_url: str) -> None:
    """What the contract names, and the subscriber's queue: durable and replicated, so that no event is lost there."""
    link = await Broker(broker_url, name="operator").connect("declares")
    try:
        await declare(link, topology(PREFIX))
        channel = await link.connection.channel()
        await channel.queue_declare(f"{PREFIX}.{HEARD}", durable=True, arguments={"x-queue-type": "quorum"})
        await channel.queue_bind(f"{PREFIX}.{HEARD}", Names(PREFIX).events, "#")
    finally:
        await link.close()


@asynccontextmanager
async def _world(plan: Plan, stack: Stack, place: Path, journal: Path) -> AsyncIterator[World]:
    async with AsyncExitStack() as held:
        broker, broker_port = await held.enter_async_context(proxy_to("127.0.0.1", stack.rabbit.port))
        database, database_port = await held.enter_async_context(proxy_to("127.0.0.1", stack.postgres.port))
        urls = stack.urls
        behind = {
            **os.environ,
            "ALLOCATION_BROKER_URL": urls.broker.replace(f":{stack.rabbit.port}/", f":{broker_port}/"),
            "ALLOCATION_DATABASE_URL": make_url(urls.database).set(port=database_port).render_as_string(False),
            "ALLOCATION_PREFIX": PREFIX,
            "ALLOCATION_ROLE": "claims",
            "ALLOCATION_HTTP_PORT": "0",
            "ALLOCATION_HEARTBEAT_S": str(HEARTBEAT_S),
        }
        direct = {"ALLOCATION_BROKER_URL": urls.broker, "ALLOCATION_PREFIX": PREFIX}
        publishing = await held.enter_async_context(load(plan.seed, direct, journal))
        slots = await held.enter_async_context(supervised(plan.workers, behind, place))
        random = Random(f"moments {plan.seed}")  # noqa: S311 - a run is repeated by its seed
        yield World(stack, broker, database, slots, publishing, urls.broker, urls.database, PREFIX, random)


async def _broker_use(world: World) -> str:
    """Connections of the workers and all channels on them, as the broker counts them."""
    lines = (await world.ctl("list_connections", "client_properties", "channels")).splitlines()
    ours = [line for line in lines if "allocation-worker" in line]
    channels = sum(int(found[0]) for line in ours if (found := re.findall(r"\d+$", line.strip())))
    return f"{len(ours)} connections, {channels} channels"


def _line(struck: Struck, load: Load) -> str:
    first = "never" if struck.first_s is None else f"{struck.first_s:.2f} s"
    noticed = "" if struck.noticed_s is None else f", noticed after {struck.noticed_s:.1f} s"
    late = " LATE" if struck.late else ""
    return (
        f"{struck.began_s:7.1f} s  {struck.name}: over after {struck.over_s - struck.began_s:.1f} s, "
        f"first event after {first}{noticed}{late}; {load.figures['made']:,} claims made, "
        f"{load.figures['unsettled']:,} unsettled"
    )


def faults_for(claims: int, kinds: Sequence[Fault]) -> int:
    """As many as give each kind its turn, and more for many claims."""
    return len(kinds) * max(1, round(claims / 350_000))
