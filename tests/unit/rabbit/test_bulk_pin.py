"""Pins what worker/rabbit/connection.py and split.py rest on inside aiormq.

When this fails after an upgrade: read what changed, run the integration tests of both ways, and only then move the pin.
"""

import hashlib
import inspect
from collections.abc import Callable

import pytest
from aiormq.connection import Connection

from worker.rabbit.connection import Watchful

PINS: dict[Callable[..., object], str] = {
    Connection.ready: "1cfa134e8cfab7c6",
    Connection.connect: "76f0d237ca4d63cf",
    Connection._Connection__reader: "4c85e094b91e25af",  # type: ignore[attr-defined]  # private to its class
    Connection._Connection__writer: "056f3288feafdd41",  # type: ignore[attr-defined]  # private to its class
    Connection._Connection__heartbeat: "df2a712ccc58abd6",  # type: ignore[attr-defined]  # private to its class
}


@pytest.mark.parametrize("part", PINS, ids=lambda part: part.__qualname__)
def test_the_part_of_aiormq_is_the_one_that_was_read(part: Callable[..., object]) -> None:
    assert hashlib.sha256(inspect.getsource(part).encode()).hexdigest()[:16] == PINS[part]


@pytest.mark.parametrize("heartbeat_s", [1, 2, 3, 10, 60])
def test_a_silent_peer_is_found_out_within_three_heartbeats_and_the_time_between_two_looks(heartbeat_s: int) -> None:
    looks_every_s = max(1, heartbeat_s // 2)
    allowed_s = (heartbeat_s + 1) * Watchful.HEARTBEAT_GRACE_MULTIPLIER
    assert allowed_s + looks_every_s <= 3 * (heartbeat_s + 1)
