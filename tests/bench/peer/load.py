"""Clients of Placement that claim one after the other. A program of its own.

Arguments: address, clients, seconds. It prints, as JSON, the claims granted a second, the median latency in
milliseconds, and how many claims met a conflict and were not granted.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from itertools import count
from statistics import median
from typing import Any, Final
from uuid import uuid4

import aiohttp

from tests.bench.workload import AMOUNTS, PROVIDERS, STRIDE, provider

HEADERS: Final = {"x-auth-token": "admin", "openstack-api-version": "placement 1.38"}
WARMING_UP_S: Final = 1.0
GRANTED: Final = 204
CONFLICT: Final = 409


@dataclass(slots=True)
class Load:
    """Claims on the 1,000 providers in turn."""

    address: str
    seconds: float
    latencies_ms: list[float] = field(default_factory=list)
    conflicts: int = 0

    async def run(self, clients: int) -> dict[str, float]:
        """The figures."""
        numbers, began = count(), time.monotonic()
        # the server closes each connection after its answer
        connector = aiohttp.TCPConnector(limit=clients, force_close=True)
        async with (
            aiohttp.ClientSession(self.address, headers=HEADERS, connector=connector) as session,
            asyncio.TaskGroup() as tasks,
        ):
            for number in range(clients):
                tasks.create_task(self._client(session, numbers, began), name=f"client {number}")
        counted_s = time.monotonic() - began - WARMING_UP_S
        return {
            "rate": len(self.latencies_ms) / counted_s,
            "p50_ms": median(self.latencies_ms),
            "conflicts": self.conflicts,
        }

    async def _client(self, session: aiohttp.ClientSession, numbers: "count[int]", began: float) -> None:
        while (asked := time.monotonic()) - began < self.seconds + WARMING_UP_S:
            target = provider(next(numbers) * STRIDE % PROVIDERS)
            async with session.put(f"/allocations/{uuid4()}", json=_claim(target)) as answer:
                if answer.status not in {GRANTED, CONFLICT}:
                    raise RuntimeError(f"{answer.status}: {await answer.text()}")
                self.conflicts += answer.status == CONFLICT
                if answer.status == GRANTED and asked - began >= WARMING_UP_S:
                    self.latencies_ms.append((time.monotonic() - asked) * 1_000)


def _claim(target: str) -> dict[str, Any]:
    return {
        "allocations": {target: {"resources": AMOUNTS}},
        "project_id": "9f3c2c3a5b1d4e0f8a7b6c5d4e3f2a1b",
        "user_id": "1b2a3f4e5d6c7b8a0f4e1d5b3a2c3c9f",
        "consumer_generation": None,
        "consumer_type": "INSTANCE",
    }


if __name__ == "__main__":
    given_address, given_clients, given_seconds = sys.argv[1:]
    found = asyncio.run(Load(given_address, float(given_seconds)).run(int(given_clients)))
    sys.stdout.write(json.dumps(found))
