"""What the benchmarks ask of the worker: providers of three classes, and claims of about 400 bytes on them."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Final
from uuid import UUID, uuid4

from schemas.batch import BATCH_OP
from schemas.cloudevents import encode
from worker.messages import Outgoing

PROVIDERS: Final = 1_000
AMOUNTS: Final = {"VCPU": 4, "MEMORY_MB": 8_192, "DISK_GB": 100}
# No claim is refused however many there are.
ROOM: Final = 2_147_483_647
PUBLISHED_AT_ONCE: Final = 1_000
# A prime, so that all are met although those next to one another are not in the same page.
STRIDE: Final = 7_919


def provider(number: int) -> str:
    """The id of a provider, scattered like any UUID."""
    return str(UUID(int=(number + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC834 % 2**128))


def declarations(count: int = PROVIDERS) -> Iterator[dict[str, Any]]:
    """Claims that make the providers."""
    inventories = {name: {"total": ROOM} for name in AMOUNTS}
    for number in range(count):
        yield {
            "op": "provider.declare",
            "claim_id": str(uuid4()),
            "provider": provider(number),
            "name": f"machine-{number}",
            "inventories": inventories,
            "traits": [],
            "aggregates": [],
        }


def consumer() -> dict[str, Any]:
    """One that holds nothing yet."""
    return {
        "id": str(uuid4()),
        "project": "9f3c2c3a5b1d4e0f8a7b6c5d4e3f2a1b",
        "user": "1b2a3f4e5d6c7b8a0f4e1d5b3a2c3c9f",
        "type": "INSTANCE",
        "generation": None,
    }


def allocation(target: str) -> dict[str, Any]:
    """A claim of a new consumer on one provider."""
    return {
        "op": "allocation.set",
        "claim_id": str(uuid4()),
        "consumer": consumer(),
        "allocations": {target: AMOUNTS},
    }


def hot(count: int) -> Iterator[dict[str, Any]]:
    """Claims that are all on one provider."""
    return (allocation(provider(0)) for _ in range(count))


def spread(count: int) -> Iterator[dict[str, Any]]:
    """Claims on the declared providers in turn."""
    return spread_over(PROVIDERS)(count)


def spread_over(providers: int) -> Callable[[int], Iterator[dict[str, Any]]]:
    """Claims on so many providers in turn, far ones after one another."""
    return lambda count: (allocation(provider(number * STRIDE % providers)) for number in range(count))


def gathered(size: int, claims: Callable[[int], Iterator[dict[str, Any]]]) -> Callable[[int], Iterator[dict[str, Any]]]:
    """The same claims, so many in a message; the last message may have fewer."""

    def messages(count: int) -> Iterator[dict[str, Any]]:
        singly = claims(count)
        while members := list(islice(singly, size)):
            yield {"op": BATCH_OP, "claims": members}

    return messages


def outgoing(exchange: str, message: dict[str, Any]) -> Outgoing:
    """A claim, or several in a message, as a publisher sends it."""
    return Outgoing(
        exchange,
        message["op"],
        encode(message),
        correlation_id=message.get("claim_id"),
        content_type="application/json",
    )


def windows(messages: Iterator[Outgoing]) -> Iterator[list[Outgoing]]:
    """Messages in lots to be published at once."""
    while window := list(islice(messages, PUBLISHED_AT_ONCE)):
        yield window
