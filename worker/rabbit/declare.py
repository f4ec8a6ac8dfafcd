"""Declaring the topology in development, and telling what differs from it in production."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Final

from aiormq.abc import AbstractChannel
from aiormq.exceptions import ChannelAccessRefused, ChannelNotFoundEntity, ChannelPreconditionFailed

from worker.rabbit.connection import Link
from worker.rabbit.errors import translated
from worker.rabbit.topology import Binding, Exchange, Queue, Topology

# For all objects together, of which there are ten or so; a quorum queue's first election takes the longest.
DECLARE_TIMEOUT_S: Final = 30.0
DIFFERENCE: Final = re.compile(
    r"inequivalent arg '(?P<name>.+?)' .*received (?P<wanted>.+) but current is (?P<found>.+)"
)


async def declare(link: Link, wanted: Topology) -> None:
    """Make what is missing. Raises Outage, also when an object of that name but of another kind exists.

    AMQP has no policies: a broker set up by this alone has no dead-letter exchange on the claims queue, hence no
    delivery limit either, and keeps history for ever. The worker parks by itself, so it lacks the backstop alone.
    """
    with translated():
        async with asyncio.timeout(DECLARE_TIMEOUT_S):
            channel = await link.connection.channel()
            for exchange in wanted.exchanges:
                await _declare_exchange(channel, exchange)
            for queue in wanted.queues:
                await _declare_queue(channel, queue)
            for binding in wanted.bindings:
                await _bind(channel, binding)
            await channel.close()


async def check(link: Link, wanted: Topology) -> tuple[str, ...]:
    """Each difference as a sentence; makes nothing. Raises Outage.

    The broker tells existence to everyone, kind and arguments only to users who may declare, bindings and policies to
    none over AMQP: what cannot be told is not complained of.
    """
    found: list[str] = []
    for exchange in wanted.exchanges:
        found += await _differences(link, f"Exchange {exchange.name}", _exchange_steps(exchange))
    for queue in wanted.queues:
        found += await _differences(link, f"Queue {queue.name}", _queue_steps(queue))
    return tuple(found)


Step = Callable[[AbstractChannel], Awaitable[object]]


def _exchange_steps(exchange: Exchange) -> tuple[Step, Step]:
    return (
        lambda channel: channel.exchange_declare(exchange.name, passive=True),
        lambda channel: _declare_exchange(channel, exchange),
    )


def _queue_steps(queue: Queue) -> tuple[Step, Step]:
    return (
        lambda channel: channel.queue_declare(queue.name, passive=True),
        lambda channel: _declare_queue(channel, queue),
    )


async def _differences(link: Link, what: str, steps: tuple[Step, Step]) -> list[str]:
    exists, is_same = steps
    with translated():
        # each on a channel of its own, since a "no" closes it
        async with asyncio.timeout(DECLARE_TIMEOUT_S):
            channel = await link.connection.channel()
            try:
                await exists(channel)
                # declaring what exists changes nothing, and compares
                await is_same(channel)
            except ChannelNotFoundEntity:
                return [f"{what} is missing."]
            except ChannelPreconditionFailed as error:
                return [f"{what} {_difference(str(error))}."]
            except ChannelAccessRefused:
                return []
            await channel.close()
    return []


def _difference(text: str) -> str:
    match = DIFFERENCE.search(text)
    if match is None:
        return f"is not as it should be: {text}"
    wanted, found = (re.sub(r"the value |of type '\w+'|'", "", match[group]).strip() for group in ("wanted", "found"))
    if match["name"] == "x-queue-type":
        found = found.replace("none", "classic")
    return f"has {match['name']} {found}, which should be {wanted}"


async def _declare_exchange(channel: AbstractChannel, exchange: Exchange) -> None:
    await channel.exchange_declare(exchange.name, exchange_type=exchange.kind, durable=True)


async def _declare_queue(channel: AbstractChannel, queue: Queue) -> None:
    await channel.queue_declare(queue.name, durable=True, arguments=dict(queue.arguments))


async def _bind(channel: AbstractChannel, binding: Binding) -> None:
    await channel.queue_bind(binding.queue, binding.exchange, binding.routing_key)
