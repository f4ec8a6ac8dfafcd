"""Who we are to the broker, and on whose behalf a letter was sent: what an access policy goes by."""

from typing import Final

from yarl import URL

from schemas.parked import ParkedHeader
from worker.messages import ORIGINAL_USER, Properties

# Who connects without a name is this one to RabbitMQ's clients.
NAMELESS: Final = "guest"
# What the broker writes on what it parks by itself, at the delivery limit.
BROKER_REASON: Final = "x-first-death-reason"


def user_of(url: str) -> str:
    """The name under which a connection to that broker may send."""
    return URL(url).user or NAMELESS


def original_user(properties: Properties, own: str) -> str | None:
    """On whose behalf a dead letter was sent; None where nobody vouches for it.

    The worker says it in a header of its own. What the broker parked came from its publisher as it is: of that the
    user id alone is vouched for, unless that is our own, under which nobody else sends.
    """
    headers = properties.headers or {}
    if properties.user_id and properties.user_id != own:
        return properties.user_id
    by_us = ParkedHeader.REASON in headers and BROKER_REASON not in headers
    named = headers.get(ORIGINAL_USER) if by_us or properties.user_id else None
    return named if isinstance(named, str) and named else properties.user_id
