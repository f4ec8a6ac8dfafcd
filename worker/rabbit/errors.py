"""The broker's failures in the engine's terms; a sentence each, in which no password stands."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from aiormq.exceptions import AMQPError, ChannelInvalidStateError, ProbableAuthenticationError

from worker.faults import Fault, Outage
from worker.tls import cause


def translate(error: BaseException) -> Fault | None:
    """The fault that `error` stands for, or None when it is not the broker's doing."""
    if isinstance(error, Fault):
        return error
    if isinstance(error, ProbableAuthenticationError):
        return Outage("The broker refuses the user name or password.")
    why = cause("The broker", error) or cause("The broker", error.__cause__)
    if why is not None:
        return Outage(why)
    if isinstance(error, TimeoutError):
        return Outage("The broker did not answer in time.")
    # aiormq says "<object> closed" in a plain RuntimeError right after a loss (hazard 8).
    if isinstance(error, RuntimeError) and not isinstance(error, ChannelInvalidStateError):
        return Outage("The connection to the broker is closed.") if str(error).endswith("closed") else None
    # aiormq says so of a connection that ended between two frames of the greeting.
    if isinstance(error, StopAsyncIteration):
        return Outage("The broker closed the connection.")
    if isinstance(error, AMQPError | OSError | EOFError | ChannelInvalidStateError):
        return Outage(f"The broker cannot be used: {_words(error)}.")
    return None


@contextmanager
def translated() -> Iterator[None]:
    """What the broker does wrong within leaves as a Fault."""
    try:
        yield
    except (AMQPError, OSError, EOFError, RuntimeError, StopAsyncIteration) as error:
        fault = translate(error)
        if fault is None:
            raise
        raise fault from error
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        # aiormq ends what waits on a closed connection by a cancellation that nobody asked for.
        raise Outage("The connection to the broker was closed.") from error


def _words(error: BaseException) -> str:
    words = " ".join(str(part) for part in error.args if part is not None and not isinstance(part, bytes))
    return f"{type(error).__name__} {words}".strip().rstrip(".")
