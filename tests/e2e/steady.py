"""A publisher that goes on whatever becomes of the broker, and the checks of what came of its claims."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
from aio_pika.abc import AbstractExchange
from aio_pika.exceptions import AMQPError

from tests.e2e.publishing import Side

CONFIRM_S = 10.0
AGAIN_S = 0.1
AT_ONCE = 20
# What the one who hears of them, an event at a time, may be behind.
AHEAD_MAX = 400


class Steady:
    """Claims without end, each sent until its confirm is there; a claim is sent again under the id it has."""

    def __init__(self, make: Callable[[], Mapping[str, Any]], heard: Side) -> None:
        self._make = make
        self._heard = heard
        self._more = asyncio.Event()
        self.enough = asyncio.Event()
        self.confirmed: list[str] = []

    async def confirmed_more(self, count: int) -> None:
        """Once so many more are confirmed than now."""
        goal = len(self.confirmed) + count
        while len(self.confirmed) < goal:
            self._more.clear()
            await self._more.wait()

    async def run(self, broker_url: str, exchange: str) -> None:
        """Until it is enough; none that was begun is left unconfirmed."""
        waiting: dict[str, Mapping[str, Any]] = {}
        while waiting or not self.enough.is_set():
            try:
                async with await aio_pika.connect(broker_url, timeout=CONFIRM_S) as connection:
                    channel = await connection.channel()
                    claims = await channel.get_exchange(exchange, ensure=False)
                    while waiting or not self.enough.is_set():
                        await self._heard.all_decided(self.confirmed[:-AHEAD_MAX])
                        await self._send_some(claims, waiting)
            except (AMQPError, OSError, RuntimeError):
                await asyncio.sleep(AGAIN_S)

    async def _send_some(self, exchange: AbstractExchange, waiting: dict[str, Mapping[str, Any]]) -> None:
        if not self.enough.is_set():
            made = [self._make() for _ in range(AT_ONCE - len(waiting))]
            waiting |= {str(claim["claim_id"]): claim for claim in made}

        async def send(claim_id: str, claim: Mapping[str, Any]) -> None:
            message = aio_pika.Message(
                json.dumps(claim).encode(),
                content_type="application/json",
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            )
            await exchange.publish(message, str(claim["op"]), timeout=CONFIRM_S)
            del waiting[claim_id]
            self.confirmed.append(claim_id)
            self._more.set()

        sent = await asyncio.gather(*(send(*one) for one in tuple(waiting.items())), return_exceptions=True)
        for failure in sent:
            if failure is not None:
                raise failure


@asynccontextmanager
async def steady_load(
    broker_url: str, prefix: str, heard: Side, make: Callable[[], Mapping[str, Any]]
) -> AsyncIterator[Steady]:
    """Claims from `make` for as long as the context lasts; at its end all of them are confirmed."""
    load = Steady(make, heard)
    running = asyncio.create_task(load.run(broker_url, f"{prefix}.claims"))
    try:
        yield load
    finally:
        load.enough.set()
        await running


def assert_one_outcome_each(heard: Side, claim_ids: list[str]) -> None:
    """Each of these claims has one outcome event, to the letter the same however often it came; and all are granted."""
    outcomes: dict[str, set[str]] = defaultdict(set)
    for event in heard.events:
        if "claimid" in event:
            outcomes[event["claimid"]].add(event["id"])
    assert {len(outcomes[one]) for one in claim_ids} == {1}
    assert {heard.outcomes[one]["type"] for one in claim_ids} == {"allocation.granted"}
    heard.assert_no_event_in_two_versions()
