"""What a publisher needs: claims sent in bulk and confirmed, each one's outcome awaited by its id, queries asked.

One exclusive queue takes everything that comes back. A client that follows events learns its outcomes from the
events exchange, which costs the worker nothing; one that does not has them sent to its queue as replies.
"""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Self

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, AbstractIncomingMessage

from schemas.cloudevents import encode
from worker.cli.broker import connected, told_as_outage
from worker.faults import Outage, ReadRefused
from worker.settings import BrokerSettings

# Enough to keep the wire full, few enough that the event loop answers between two windows.
UNCONFIRMED_MAX: Final = 500
ASK_TIMEOUT_S: Final = 10.0
JSON_TYPE: Final = "application/json"

Told = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sent:
    """A claim to publish: its body is sent as it is, whatever it holds, and its outcome awaited under `claim_id`."""

    op: str
    claim_id: str
    body: bytes

    @classmethod
    def of(cls, claim: Mapping[str, Any]) -> Self:
        return cls(claim["op"], claim["claim_id"], encode(claim))


class Client:
    """Use it by `client(...)`."""

    def __init__(self, channel: AbstractChannel, prefix: str, seen: Callable[[Told], None] | None) -> None:
        self._channel = channel
        self._prefix = prefix
        self._seen = seen
        self._queue = f"{prefix}.replies.{uuid.uuid4().hex}"
        self._outcomes: dict[str, asyncio.Future[Told]] = {}
        self._replies: dict[str, asyncio.Future[Told]] = {}
        self._lost = False

    async def listen(self) -> None:
        """Declare the queue and take what comes; to be done before anything is sent."""
        self._claims: AbstractExchange = await self._channel.get_exchange(f"{self._prefix}.claims")
        queue = await self._channel.declare_queue(self._queue, exclusive=True, auto_delete=True)
        if self._seen is not None:
            await queue.bind(f"{self._prefix}.events", "#")
        await queue.consume(self._take, no_ack=True)
        self._channel.close_callbacks.add(self._lose)

    async def publish_claims(self, claims: Iterable[Sent]) -> list[asyncio.Future[Told]]:
        """Publish in order, persistent and mandatory; returns when the broker has confirmed all.

        The futures, in the order of the claims, give the outcome events, or raise Outage when the connection ends, or
        ReadRefused for a claim id that stands for another claim already (told only to who does not follow events).
        A claim sent again before its outcome came shares the future. Raises Outage and Unroutable.
        """
        outcomes: list[asyncio.Future[Told]] = []
        rest = iter(claims)
        while window := list(islice(rest, UNCONFIRMED_MAX)):
            outcomes.extend(self._expected(claim.claim_id) for claim in window)
            with told_as_outage():
                await asyncio.gather(*(self._publish(claim) for claim in window))
        return outcomes

    async def ask(self, op: str, fields: Mapping[str, Any] | None = None, timeout_s: float = ASK_TIMEOUT_S) -> Any:
        """The `data` of the answer. Raises ReadRefused, TimeoutError, Outage, Unroutable."""
        body = encode({**(fields or {}), "op": op})
        correlation = uuid.uuid4().hex
        future = self._replies[correlation] = asyncio.get_running_loop().create_future()
        message = Message(body, content_type=JSON_TYPE, correlation_id=correlation, reply_to=self._queue)
        try:
            with told_as_outage():
                await self._channel.default_exchange.publish(message, f"{self._prefix}.queries", mandatory=True)
            async with asyncio.timeout(timeout_s):
                return (await future)["data"]
        finally:
            self._replies.pop(correlation, None)

    async def _publish(self, claim: Sent) -> None:
        message = Message(
            claim.body,
            content_type=JSON_TYPE,
            delivery_mode=DeliveryMode.PERSISTENT,
            correlation_id=claim.claim_id,
            reply_to=None if self._seen else self._queue,
        )
        await self._claims.publish(message, claim.op, mandatory=True)

    def _expected(self, claim_id: str) -> asyncio.Future[Told]:
        if self._lost:
            raise Outage("The connection to the broker is lost.")
        if claim_id not in self._outcomes:
            self._outcomes[claim_id] = asyncio.get_running_loop().create_future()
        return self._outcomes[claim_id]

    async def _take(self, message: AbstractIncomingMessage) -> None:
        told: Told = json.loads(message.body)
        if message.correlation_id in self._replies:
            _settle(self._replies[message.correlation_id], told)
            return
        if self._seen is not None:
            self._seen(told)
        claim_id = told.get("claimid") or (None if self._seen else message.correlation_id)
        if claim_id in self._outcomes:
            _settle(self._outcomes.pop(claim_id), told)

    def _lose(self, *_: object) -> None:
        self._lost = True
        for future in (*self._outcomes.values(), *self._replies.values()):
            if not future.done():
                future.set_exception(Outage("The connection to the broker was lost."))
                future.exception()  # not everybody awaits every outcome


def _settle(future: asyncio.Future[Told], told: Told) -> None:
    if future.done():
        return
    if told.get("ok") is False and "claimid" not in told:
        future.set_exception(_refusal(told))
    else:
        future.set_result(told)


def _refusal(reply: Told) -> ReadRefused:
    error = reply["error"]
    return ReadRefused(error["code"], error["message"], error["details"])


@asynccontextmanager
async def client(
    settings: BrokerSettings, name: str = "client", seen: Callable[[Told], None] | None = None
) -> AsyncIterator[Client]:
    """A client with a connection of its own; with `seen` it follows events, and calls `seen` with each."""
    async with connected(settings, name) as connection:
        with told_as_outage():
            one = await _listening(connection, settings.prefix, seen)
        yield one


async def _listening(connection: AbstractConnection, prefix: str, seen: Callable[[Told], None] | None) -> Client:
    channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
    one = Client(channel, prefix, seen)
    await one.listen()
    return one
