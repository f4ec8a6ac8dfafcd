"""Read requests: answered apart from claims, so that a long answer never stalls a batch."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

import structlog

from schemas.cloudevents import encode
from schemas.codes import Code
from schemas.queries import AnyQuery, validate_query
from schemas.violations import sentence
from schemas.wire import Unreadable, read_object
from worker.engine.access import Access
from worker.engine.batcher import Batcher
from worker.engine.endings import ChannelLost
from worker.engine.failures import answer_or_fault, result_or_error
from worker.engine.ports import Consumer, Publisher, Surroundings
from worker.engine.replies import JSON, TO_QUEUE_BY_NAME, Replies
from worker.engine.seen import require_permit, seen_of
from worker.engine.settle import Settler
from worker.engine.signals import either
from worker.faults import Conflict, Fault, Outage, ReadRefused
from worker.messages import Delivery, Outgoing
from worker.telemetry import Link, Log, printable

Answer = tuple[str, str, dict[str, Any]]
"""(op, outcome, body)."""


class Reads(Protocol):
    """Committed state, read from the primary. Raises `ReadRefused`, `Outage`."""

    async def answer(self, query: AnyQuery) -> Mapping[str, object]:
        """The contract's `data`."""


class QuerySession:
    """One time of answering, from opening the channel to closing it; `run` returns the fault that ended it."""

    def __init__(  # noqa: PLR0913 - parts that the composition root puts together
        self,
        consumer: Consumer,
        reads: Reads,
        publisher: Publisher,
        around: Surroundings,
        in_flight_max: int,
        *,
        access: Access | None = None,
        replies: Replies | None = None,
    ) -> None:
        """`replies`: which queues may be answered to; without it, any."""
        self._consumer = consumer
        self._reads = reads
        self._publisher = publisher
        self._around = around
        self._access = access
        self._replies = replies
        self._batcher: Batcher[Delivery] = Batcher(in_flight_max)
        self._ended = asyncio.Event()
        self._fault: Fault | None = None
        self._careful = False
        self._log = structlog.get_logger()

    async def run(self, stop: asyncio.Event, careful: bool, consuming: Callable[[], None]) -> Fault | None:
        """Answer until told to stop or until the world breaks; when `careful`, one query and no more."""
        self._careful = careful
        prefetch = 1 if careful else None
        settler = Settler(await self._consumer.open(self._batcher.offer, self._lost, prefetch=prefetch))
        consuming()
        self._around.telemetry.connected(Link.QUERIES, True)
        try:
            async with asyncio.TaskGroup() as tasks:
                watching = tasks.create_task(self._watch(stop), name="watch queries")
                tasks.create_task(self._answer_all(settler), name="answer")
                await watching
        finally:
            self._around.telemetry.connected(Link.QUERIES, False)
            await self._close()
        return self._fault

    async def _close(self) -> None:
        try:
            await self._consumer.close()
        except Outage as outage:
            self._end(outage)

    def _lost(self, error: BaseException | None) -> None:
        self._end(ChannelLost(f"the channel of queries was lost: {error}"))

    def _end(self, fault: Fault | None) -> None:
        if not self._ended.is_set():
            self._fault = fault
            self._ended.set()
            self._batcher.close()

    async def _watch(self, stop: asyncio.Event) -> None:
        await either(stop, self._ended)
        self._end(None)

    async def _answer_all(self, settler: Settler) -> None:
        """Each query in a task of its own, as many as the prefetch lets in; those at work are waited for."""
        async with asyncio.TaskGroup() as tasks:
            while (deliveries := await self._batcher.next_batch()) is not None:
                for delivery in deliveries:
                    tasks.create_task(self._settle(delivery, settler), name="answer one")

    async def _settle(self, delivery: Delivery, settler: Settler) -> None:
        try:
            reply = await self._answer(delivery)
            if reply is not None:
                self._around.telemetry.replies_failed.inc(await self._publisher.reply([reply]))
            if self._careful:
                await self._consumer.cancel()
                self._end(None)
            acks = settler.settle([delivery])
            self._consumer.ack(settler.epoch, acks.singly, acks.up_to)
        except Fault as fault:
            self._end(Outage(str(fault)))

    async def _answer(self, delivery: Delivery) -> Outgoing | None:
        op, outcome, body = await self._answered(delivery)
        encoded = result_or_error(partial(encode, body), Fault)
        if isinstance(encoded, Exception):
            op, outcome, body = self._failed(op, encoded)
            encoded = encode(body)
        self._around.telemetry.answered(op, outcome)
        properties = delivery.properties
        if not properties.reply_to:
            self._log.warning(Log.QUERY_FAILED, op=op, reason="there is no reply_to")
            return None
        if self._replies is not None and self._replies.refused(delivery):
            self._log.warning(Log.REPLY_REFUSED, op=op, reason="reply_to does not match the pattern")
            return None
        return Outgoing(
            TO_QUEUE_BY_NAME,
            properties.reply_to,
            encoded,
            correlation_id=properties.correlation_id,
            content_type=JSON,
        )

    async def _answered(self, delivery: Delivery) -> Answer:
        try:
            query = result_or_error(lambda: validate_query(read_object(delivery.body)), Unreadable)
        except Unreadable as error:
            violation: dict[str, Any] = {"path": [], "rule": "type", "limit": error.reason.value, "value": None}
            return _refused(
                "unknown", Code.INVALID_MESSAGE.value, f"The query cannot be read: {error.detail}.", [violation]
            )
        if isinstance(query, Exception):
            return self._failed("unknown", query)
        if isinstance(query, tuple):
            details = [violation.to_json() for violation in query]
            return _refused("unknown", Code.INVALID_MESSAGE.value, sentence("query", query), details)
        try:
            found = await answer_or_fault(self._seen(delivery, query))
        except ReadRefused as refusal:
            return _refused(query.op, refusal.code, refusal.message, refusal.details)
        except Conflict as conflict:
            # Above all a statement that ran into its timeout: delivered again it would only do so again.
            return _refused(query.op, "internal_error", f"The query was given up: {conflict}.", {})
        if isinstance(found, Exception):
            return self._failed(query.op, found)
        return query.op, "ok", {"ok": True, "data": found}

    async def _seen(self, delivery: Delivery, query: AnyQuery) -> Mapping[str, object]:
        """The answer, or what the access policy leaves of it. Raises `ReadRefused`."""
        if self._access is None:
            return await self._reads.answer(query)
        permit = self._access.permit(delivery, query.op)
        require_permit(query, permit)
        return seen_of(await self._reads.answer(query), query, permit)

    def _failed(self, op: str, error: Exception) -> Answer:
        self._log.error(Log.QUERY_FAILED, op=op, exc_info=error)
        return _refused(op, "internal_error", "The worker failed at this query.", {})


def _refused(op: str, code: str, message: str, details: object) -> Answer:
    return op, code, {"ok": False, "error": {"code": code, "message": printable(message), "details": details}}
