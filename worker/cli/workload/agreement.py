"""What the worker says of machines when asked, and where a client's picture of them differs."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from worker.cli.client import Client
from worker.cli.workload.amounts import Amounts, Machine
from worker.cli.workload.view import Picture

ASKED_AT_ONCE: Final = 500


async def usages_of(client: Client, machines: Sequence[Machine]) -> dict[str, Any]:
    """{provider: its generation and usages}. Raises ReadRefused, TimeoutError, Outage, Unroutable."""
    found: dict[str, Any] = {}
    for part in _parts(machines):
        answer = await client.ask("usage.provider", {"providers": [machine.provider for machine in part]})
        found |= answer["providers"]
    return found


def differences(picture: Picture, usages: dict[str, Any]) -> list[str]:
    """A sentence for each machine of which events told something else."""
    found = []
    for machine, known in zip(picture.machines, picture.known, strict=True):
        state = usages[machine.provider]
        told = (known.version[1], known.used)
        asked = (state["generation"], Amounts.from_resources(state["usages"]))
        if told != asked:
            found.append(f"{machine.name} is at {_said(asked)}; events told {_said(told)}")
    return found


def _said(state: tuple[int, Amounts]) -> str:
    return f"generation {state[0]} with {state[1].as_resources()} used"


def _parts(machines: Sequence[Machine]) -> Iterator[Sequence[Machine]]:
    for start in range(0, len(machines), ASKED_AT_ONCE):
        yield machines[start : start + ASKED_AT_ONCE]
