"""Placing by several workers on the real servers: all room is used, none of it twice, and every refusal explains."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.e2e.claims import declare, new_id
from tests.e2e.publishing import side
from tests.e2e.worker_process import worker

Audited = Callable[[], Awaitable[None]]

HOSTS = 40
ROOM = 10


def place(units: int, strategy: str) -> dict[str, Any]:
    """A claim of a new consumer on whatever has room."""
    return {
        "op": "allocation.place",
        "claim_id": str(uuid4()),
        "consumer": {"id": str(uuid4()), "project": "p", "user": "u"},
        "request": {"groups": {"": {"resources": {"VCPU": units}}}, "strategy": strategy},
    }


async def test_two_workers_fill_a_fleet_to_the_last_unit(
    database_url: str, broker_url: str, prefix: str, tmp_path: Path, audited: Audited
) -> None:
    claims = [place(1, "pack") for _ in range(HOSTS * ROOM + 50)]
    quick = {"ALLOCATION_BATCH_SIZE_MAX": "16"}
    async with (
        worker(database_url, broker_url, prefix, tmp_path / "first.log", quick),
        worker(database_url, broker_url, prefix, tmp_path / "second.log", quick),
        side(broker_url, prefix) as heard,
    ):
        for _ in range(HOSTS):
            await heard.ask(declare(new_id(), ROOM))
        await heard.send_all(claims)
        ids = [claim["claim_id"] for claim in claims]
        await heard.all_decided(ids)
        told = [heard.outcomes[one] for one in ids]
        assert sum(one["type"] == "allocation.granted" for one in told) == HOSTS * ROOM
        refused = [one["data"] for one in told if one["type"] == "claim.rejected"]
        assert {data["code"] for data in refused} == {"no_candidates"}
        for data in refused:
            left = [step["left"] for step in data["details"]["groups"][""]]
            assert left == sorted(left, reverse=True)
            assert (left[0], left[-1]) == (HOSTS, 0)
        await audited()
