"""What the worker says of machines when asked, and where a client's picture of them differs."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from worker.cli.client import Client
from worker.cli.workload.amounts import Amounts
from worker.cli.workload.view import Picture

ASKED_AT_ONCE: Final = 500


async def usages_of(client: Client, picture: Picture) -> dict[str, Any]:
    """{provider: its generation and usages}. Raises ReadRefused, TimeoutError, Outage, Unroutable."""
    found: dict[str, Any] = {}
    for part in _parts(list(picture.names)):
        answer = await client.ask("usage.provider", {"providers": part})
        found |= answer["providers"]
    return found


def differences(picture: Picture, usages: dict[str, Any]) -> list[str]:
    """A sentence for each provider of which events told something else."""
    found = []
    for provider, name in picture.names.items():
        state = usages[provider]
        told = (picture.version[provider][1], picture.used[provider])
        asked = (state["generation"], Amounts.from_resources(state["usages"]))
        if told != asked:
            found.append(f"{name} is at {_said(asked)}; events told {_said(told)}")
    return found


def _said(state: tuple[int, Amounts]) -> str:
    return f"generation {state[0]} with {state[1].as_resources()} used"


def _parts(providers: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(providers), ASKED_AT_ONCE):
        yield providers[start : start + ASKED_AT_ONCE]
