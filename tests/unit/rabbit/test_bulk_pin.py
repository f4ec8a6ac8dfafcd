"""Pins what worker/rabbit/bulk.py, connection.py and mending.py rest on inside aiormq.

When this fails after an upgrade: read what changed, run the integration tests of both ways, and only then move the pin.
"""

import hashlib
import inspect
from collections.abc import Callable

import pytest
from aiormq.abc import ChannelFrame
from aiormq.channel import Channel
from aiormq.connection import Connection, FrameReceiver

from worker.rabbit import bulk
from worker.rabbit.channels import Channels

PINS: dict[Callable[..., object], str] = {
    Channel.__init__: "884f16c5d3f72efc",
    Channel._get_frame: "8309963cc284ea5f",
    Channel._reader: "0b044167794c2364",
    Channel.open: "4fe477412ef9ba3d",
    Connection.channel: "471aff3e82dfd6b6",
    Connection.ready: "1cfa134e8cfab7c6",
    Connection.connect: "76f0d237ca4d63cf",
    Connection._Connection__reader: "4c85e094b91e25af",  # type: ignore[attr-defined]  # private to its class
    Connection._Connection__writer: "056f3288feafdd41",  # type: ignore[attr-defined]  # private to its class
    FrameReceiver.get_frame: "3adff046743a2328",
    ChannelFrame.marshall: "3f726b14412d93d1",
}


@pytest.mark.parametrize("part", PINS, ids=lambda part: part.__qualname__)
def test_the_part_of_aiormq_is_the_one_that_was_read(part: Callable[..., object]) -> None:
    assert hashlib.sha256(inspect.getsource(part).encode()).hexdigest()[:16] == PINS[part]


def test_the_bulk_way_is_taken_while_aiormq_is_as_expected() -> None:
    assert Channels().bulk


def test_the_public_way_is_taken_when_channels_get_their_frames_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    class Otherwise:
        """A channel of another make."""

    monkeypatch.setattr(bulk, "Channel", Otherwise)
    assert not Channels().bulk
