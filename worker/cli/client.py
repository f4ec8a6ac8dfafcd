"""What a publisher needs: claims sent in bulk and confirmed, each one's outcome awaited by its id, queries asked.

One exclusive queue takes everything that comes back. A client that follows events learns its outcomes from the
events exchange, which costs the worker nothing; one that does not has them sent to its queue as replies.
"""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Self

from aiormq.abc import AbstractChannel, DeliveredMessage
from pamqp.commands import Basic

from schemas.batch import BATCH_OP
from schemas.cloudevents import encode
from worker.cli.broker import broker_of, linked
from worker.faults import Outage, ReadRefused
from worker.messages import Outgoing
from worker.rabbit.connection import when_closed
from worker.rabbit.errors import translated
from worker.rabbit.publisher import Publisher
from worker.rabbit.user import user_of
from worker.settings import BrokerSettings

# Enough to keep the wire full, few enough that outcomes are taken between two windows.
UNCONFIRMED_MAX: Final = 500
ASK_TIMEOUT_S: Final = 10.0

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
    """Made by `client(...)`."""

    def __init__(
        self, publisher: Publisher, prefix: str, user: str | None, seen: Callable[[Told, bytes], None] | None
    ) -> None:
        self._publisher = publisher
        self._prefix = prefix
        self._user = user
        self._seen = seen
        self._queue = f"{prefix}.replies.{uuid.uuid4().hex}"
        self._outcomes: dict[str, asyncio.Future[Told]] = {}
        self._replies: dict[str, asyncio.Future[Told]] = {}
        self._lost = False

    async def listen(self, channel: AbstractChannel) -> None:
        """Declare the queue and take what comes; to be done before anything is sent."""
        await channel.exchange_declare(f"{self._prefix}.claims", passive=True)
        await channel.queue_declare(self._queue, exclusive=True, auto_delete=True)
        if self._seen is not None:
            await channel.queue_bind(self._queue, f"{self._prefix}.events", "#")
        await channel.basic_consume(self._queue, self._take, no_ack=True)
        when_closed(channel.closing, self._lose)

    async def publish_claims(self, claims: Iterable[Sent]) -> list[asyncio.Future[Told]]:
        """Publish in order, persistent and mandatory; returns when the broker has confirmed all.

        The futures, in the order of the claims, give the outcome events, or raise Outage when the connection ends, or
        ReadRefused for a claim id that stands for another claim already (told only to who does not follow events).
        A claim sent again before its outcome came shares the future. Raises Outage and Unroutable.
        """
        outcomes: list[asyncio.Future[Told]] = []
        rest = iter(claims)
        exchange, reply_to = f"{self._prefix}.claims", None if self._seen else self._queue
        while window := list(islice(rest, UNCONFIRMED_MAX)):
            outcomes.extend(self._expected(claim.claim_id) for claim in window)
            messages = [self._outgoing(exchange, claim.op, claim.body, claim.claim_id, reply_to) for claim in window]
            await self._publisher.publish_all(messages, mandatory=True)
        return outcomes

    async def publish_together(self, body: bytes, claim_ids: Sequence[str]) -> list[asyncio.Future[Told]]:
        """Publish a `claims.batch`; the futures of the claims in it, as those of `publish_claims`, but that no reply
        tells of one whose id stands for another claim already. Raises Outage and Unroutable.
        """
        outcomes = [self._expected(claim_id) for claim_id in claim_ids]
        reply_to = None if self._seen else self._queue
        message = self._outgoing(f"{self._prefix}.claims", BATCH_OP, body, uuid.uuid4().hex, reply_to)
        await self._publisher.publish_all([message], mandatory=True)
        return outcomes

    async def ask(self, op: str, fields: Mapping[str, Any] | None = None, timeout_s: float = ASK_TIMEOUT_S) -> Any:
        """The `data` of the answer. Raises ReadRefused, TimeoutError, Outage, Unroutable."""
        body = encode({**(fields or {}), "op": op})
        correlation = uuid.uuid4().hex
        reply = self._replies[correlation] = asyncio.get_running_loop().create_future()
        query = self._outgoing("", f"{self._prefix}.queries", body, correlation, self._queue)
        try:
            await self._publisher.publish_all([query], mandatory=True)
            async with asyncio.timeout(timeout_s):
                return (await reply)["data"]
        finally:
            self._replies.pop(correlation, None)

    def _outgoing(
        self, exchange: str, routing_key: str, body: bytes, correlation: str, reply_to: str | None
    ) -> Outgoing:
        """Under the user's own name, which is what an access policy goes by."""
        properties = Basic.Properties(
            content_type="application/json",
            correlation_id=correlation,
            reply_to=reply_to,
            message_id=str(uuid.uuid4()),
        )
        return Outgoing(exchange, routing_key, body, properties=properties, user_id=self._user)

    def _expected(self, claim_id: str) -> asyncio.Future[Told]:
        if self._lost:
            raise Outage("The connection to the broker is lost.")
        if claim_id not in self._outcomes:
            self._outcomes[claim_id] = asyncio.get_running_loop().create_future()
        return self._outcomes[claim_id]

    async def _take(self, message: DeliveredMessage) -> None:
        told: Told = json.loads(message.body)
        correlation = message.header.properties.correlation_id
        if correlation in self._replies:
            _settle(self._replies[correlation], told)
            return
        if self._seen is not None:
            self._seen(told, message.body)
        claim_id = told.get("claimid") or (None if self._seen else correlation)
        if claim_id in self._outcomes:
            _settle(self._outcomes.pop(claim_id), told)

    def _lose(self, _error: BaseException | None) -> None:
        self._lost = True
        for future in (*self._outcomes.values(), *self._replies.values()):
            if not future.done():
                future.set_exception(Outage("The connection to the broker was lost."))
                future.exception()  # not everybody awaits every outcome


def _settle(future: asyncio.Future[Told], told: Told) -> None:
    if future.done():
        return
    if told.get("ok") is False and "claimid" not in told:
        error = told["error"]
        future.set_exception(ReadRefused(error["code"], error["message"], error["details"]))
    else:
        future.set_result(told)


def _without_words(seen: Callable[[Told], None]) -> Callable[[Told, bytes], None]:
    return lambda told, _words: seen(told)


@asynccontextmanager
async def client(
    settings: BrokerSettings,
    name: str = "client",
    seen: Callable[[Told], None] | None = None,
    seen_with_words: Callable[[Told, bytes], None] | None = None,
) -> AsyncIterator[Client]:
    """A client with connections of its own; with `seen` it follows events and calls it with each. Raises Outage.

    `seen_with_words` is called in its place, with the body as it came, too.
    """
    broker = broker_of(settings, name)
    publisher = Publisher(broker, settings.publish_timeout_ms)
    if seen is not None and seen_with_words is None:
        seen_with_words = _without_words(seen)
    one = Client(publisher, settings.prefix, user_of(broker.url), seen_with_words)
    async with linked(broker) as link, AsyncExitStack() as closing:
        with translated():
            await one.listen(await link.connection.channel(publisher_confirms=False))
        closing.push_async_callback(publisher.close)
        await publisher.open()
        yield one
