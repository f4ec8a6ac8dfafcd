"""What the broker's client raises, in the engine's terms."""

import asyncio
import ssl

import pytest
from aiormq.exceptions import (
    AMQPConnectionError,
    ChannelInvalidStateError,
    ChannelNotFoundEntity,
    ProbableAuthenticationError,
)

from worker.faults import Outage, Unconfirmed
from worker.rabbit.errors import translate, translated


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (AMQPConnectionError(111, "refused"), "AMQPConnectionError 111 refused"),
        (ConnectionResetError("reset"), "reset"),
        (ProbableAuthenticationError("ACCESS_REFUSED"), "user name or password"),
        (ChannelNotFoundEntity("NOT_FOUND - no queue"), "no queue"),
        (ChannelInvalidStateError("closed"), "cannot be used"),
        (RuntimeError("<Connection> closed"), "is closed"),
        (TimeoutError(), "in time"),
        (ssl.SSLCertVerificationError("no"), "certificate"),
        (EOFError(), "EOFError"),
        (ConnectionResetError(), "ConnectionResetError"),
        (StopAsyncIteration(), "closed the connection"),
    ],
)
def test_what_the_broker_or_the_net_does_is_an_outage(error: Exception, words: str) -> None:
    with pytest.raises(Outage, match=words), translated():
        raise error


@pytest.mark.parametrize("error", [ValueError("ours"), RuntimeError("ours"), KeyError("ours")])
def test_our_own_mistakes_stay_what_they_are(error: Exception) -> None:
    assert translate(error) is None
    with pytest.raises(type(error), match="ours"), translated():
        raise error


def test_a_fault_stays_the_fault_it_is() -> None:
    fault = Unconfirmed("lost")
    assert translate(fault) is fault


async def test_a_cancellation_that_nobody_asked_for_is_an_outage() -> None:
    with pytest.raises(Outage, match="was closed"), translated():
        raise asyncio.CancelledError


async def test_a_cancellation_that_was_asked_for_stays_one() -> None:
    async def wait() -> None:
        with translated():
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    asyncio.get_running_loop().call_soon(task.cancel)
    with pytest.raises(asyncio.CancelledError):
        await task
