"""Who we are to the broker."""

from typing import Final

from yarl import URL

# Who connects without a name is this one to RabbitMQ's clients.
NAMELESS: Final = "guest"


def user_of(url: str) -> str | None:
    """The name under which a connection to that broker may send; None where a certificate tells it, not the address."""
    address = URL(url)
    if address.query.get("auth", "plain").upper() != "PLAIN":
        return None
    return address.user or NAMELESS
