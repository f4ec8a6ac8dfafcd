"""Dead letters, for operators: look at them, send them back to the claims exchange, or drop them.

All take letters from the head of the queue without settling them; those not chosen go back when the connection closes.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, TypeGuard

from aiormq.abc import AbstractChannel
from pamqp.commands import Basic

from schemas.parked import ParkedHeader
from worker.messages import ORIGINAL_USER, Outgoing, Properties, on_behalf_of
from worker.rabbit.connection import Broker
from worker.rabbit.errors import translated
from worker.rabbit.publisher import Publisher
from worker.rabbit.user import user_of

GET_TIMEOUT_S: Final = 10.0
ROUTING_KEY_BYTES_MAX: Final = 255
# What the broker writes when it parks by itself, at the delivery limit.
BROKER_REASON: Final = "x-first-death-reason"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A parked message; `position` counts from 1 at the head of the queue, `routing_key` is the one it came with."""

    position: int
    routing_key: str
    body: bytes
    properties: Properties
    tag: int

    @property
    def headers(self) -> Mapping[str, object]:
        return self.properties.headers or {}

    @property
    def reason(self) -> str:
        """Why it was parked, by the worker or by the broker."""
        return str(self.headers.get(ParkedHeader.REASON) or self.headers.get(BROKER_REASON) or "unknown")

    @property
    def claim_id(self) -> str | None:
        """As the body says it; None where that cannot be read."""
        try:
            claim = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        found = claim.get("claim_id") if isinstance(claim, dict) else None
        return found if isinstance(found, str) else None


Select = Callable[[DeadLetter], bool]


async def peek(broker: Broker, prefix: str, limit: int) -> list[DeadLetter]:
    """The first `limit` letters, which stay. Raises Outage."""
    async with _letters_channel(broker) as channel:
        return [letter async for letter in _letters(channel, prefix, limit)]


async def replay(
    broker: Broker, prefix: str, select: Select, limit: int, speakers: Collection[str] = frozenset()
) -> int:
    """Send the selected ones of the first `limit` letters to the claims exchange again; how many it were.

    A letter says on whose behalf it was sent; that is believed of our own, and of those that `speakers` parked.

    A letter leaves the queue once the broker has confirmed the claim and a queue has it; cut short in between it is
    there twice, which the inbox settles. Raises Outage, Unroutable.
    """
    publisher, own = Publisher(broker), user_of(broker.url)
    believed = {*speakers, own} if own else speakers
    try:
        await publisher.open()
        async with _letters_channel(broker) as channel:
            replayed = 0
            async for letter in _letters(channel, prefix, limit):
                if select(letter):
                    claim = claim_of(letter, f"{prefix}.claims", own, believed)
                    await publisher.publish_all((claim,), mandatory=True)
                    await channel.basic_ack(letter.tag)
                    replayed += 1
            return replayed
    finally:
        await publisher.close()


async def drop(broker: Broker, prefix: str, select: Select, limit: int) -> int:
    """Delete the selected ones of the first `limit` letters; how many it were. Raises Outage."""
    async with _letters_channel(broker) as channel:
        dropped = 0
        async for letter in _letters(channel, prefix, limit):
            if select(letter):
                await channel.basic_ack(letter.tag)
                dropped += 1
        return dropped


@asynccontextmanager
async def _letters_channel(broker: Broker) -> AsyncIterator[AbstractChannel]:
    link = await broker.connect("dead letters")
    try:
        with translated():
            yield await link.connection.channel(publisher_confirms=False)
    finally:
        await link.close()


async def _letters(channel: AbstractChannel, prefix: str, limit: int) -> AsyncIterator[DeadLetter]:
    for position in range(1, limit + 1):
        async with asyncio.timeout(GET_TIMEOUT_S):
            message = await channel.basic_get(f"{prefix}.dead")
        frame = message.delivery
        if not isinstance(frame, Basic.GetOk):
            return
        properties = message.header.properties
        parked_under = (properties.headers or {}).get(ParkedHeader.ROUTING_KEY)
        yield DeadLetter(
            position=position,
            routing_key=parked_under if _is_routing_key(parked_under) else frame.routing_key or "",
            body=message.body,
            properties=properties,
            tag=frame.delivery_tag or 0,
        )


def _is_routing_key(found: object) -> TypeGuard[str]:
    # anybody who may write to the exchange of letters sets headers
    return isinstance(found, str) and len(found.encode()) <= ROUTING_KEY_BYTES_MAX


def claim_of(letter: DeadLetter, exchange: str, own: str | None, speakers: Collection[str]) -> Outgoing:
    """Under our own name, with the one on whose behalf the claim was sent in a header."""
    # with its x-parked headers, so that a letter parked again still tells when it was parked first
    unsaid = letter.properties.user_id in speakers and ORIGINAL_USER not in (letter.properties.headers or {})
    user = None if unsaid else on_behalf_of(letter.properties, speakers)
    headers = {ORIGINAL_USER: user or ""}  # also where nobody is known, lest it be taken for a claim of our own
    return Outgoing(
        exchange, letter.routing_key, letter.body, properties=letter.properties, headers=headers, user_id=own
    )
