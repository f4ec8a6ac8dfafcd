"""A verb's own connection to the broker; what goes wrong with it is told as an Outage, without the address's secret."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import aio_pika
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import (
    AMQPError,
    AuthenticationError,
    ChannelInvalidStateError,
    DeliveryError,
    ProbableAuthenticationError,
    PublishError,
)
from yarl import URL

from worker.faults import Outage, Unconfirmed, Unroutable
from worker.settings import BrokerSettings

CONNECT_TIMEOUT_S: Final = 10.0


@asynccontextmanager
async def connected(settings: BrokerSettings, name: str) -> AsyncIterator[AbstractConnection]:
    """A connection that shows in the broker's lists as `name`; closed when left. Raises Outage."""
    url = settings.broker_url.get_secret_value()
    with told_as_outage(_place(url)):
        connection = await aio_pika.connect(
            url,
            timeout=CONNECT_TIMEOUT_S,
            heartbeat=settings.heartbeat_s,
            client_properties={"connection_name": f"allocation-worker {name}"},
        )
    async with connection:
        yield connection


@contextmanager
def told_as_outage(place: str = "the broker") -> Iterator[None]:
    """Translates what the client library raises within: Unroutable for a returned message, else an Outage."""
    try:
        yield
    except PublishError as error:
        raise Unroutable("No queue took the message; is the topology declared?") from error
    except DeliveryError as error:
        raise Unconfirmed("The broker did not confirm the message.") from error
    except (AuthenticationError, ProbableAuthenticationError) as error:
        raise Outage(f"The broker refuses the user name or password at {place}.") from error
    except (AMQPError, ChannelInvalidStateError) as error:
        raise Outage(f"Cannot use the broker at {place}: {_words(error)}.") from error
    except (OSError, TimeoutError, RuntimeError) as error:
        raise Outage(f"No broker can be reached at {place} ({type(error).__name__}).") from error


def _place(url: str) -> str:
    address = URL(url)
    return f"{address.host}:{address.port or 5672}{address.path}"


def _words(error: Exception) -> str:
    return str(error.args[-1] if error.args else type(error).__name__).rstrip(".")
