"""What a publisher may send but nobody can decode."""

import struct
from datetime import UTC, datetime

import pytest
from pamqp import frame
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader
from pamqp.heartbeat import Heartbeat

from worker.rabbit.mending import mended, mended_frame, mended_key

FAR = 2**63 - 1


def header(properties: Basic.Properties, body_size: int = 5) -> bytes:
    return ContentHeader(body_size=body_size, properties=properties).marshal()


def read(raw: bytes) -> ContentHeader:
    found = ContentHeader()
    found.unmarshal(raw)
    return found


def test_a_header_that_can_be_decoded_stays_as_it_is() -> None:
    sound = header(Basic.Properties(message_id="id", headers={"a": 1}, timestamp=datetime(2024, 5, 6, tzinfo=UTC)))
    assert mended(sound) is sound


def test_a_timestamp_beyond_all_years_is_left_out_and_the_rest_stays() -> None:
    sound = header(Basic.Properties(message_id="id", timestamp=datetime(2024, 5, 6, tzinfo=UTC), app_id="app"))
    broken = sound[:-12] + struct.pack(">Q", FAR) + sound[-4:]
    with pytest.raises(ValueError, match="out of range"):
        read(broken)

    found = read(mended(broken))
    assert len(mended(broken)) == len(broken)
    assert (found.body_size, found.properties.message_id, found.properties.app_id) == (5, "id", "app")
    assert found.properties.timestamp is None


@pytest.mark.parametrize("kept", ["content_type", "reply_to", "app_id"])
def test_text_that_is_not_utf_8_is_left_out_and_what_stands_around_it_stays(kept: str) -> None:
    properties = Basic.Properties(message_id="BROKEN", headers={"a": "b"})
    setattr(properties, kept, "kept")
    found = read(mended(header(properties).replace(b"BROKEN", b"BR\xffKEN"))).properties
    assert (found.message_id, found.headers, getattr(found, kept)) == (None, {"a": "b"}, "kept")


def test_headers_nested_too_deep_are_left_out() -> None:
    table = b""
    for _ in range(3_000):
        table = b"\x01aF" + struct.pack(">I", len(table)) + table
    raw = struct.pack(">HHQH", 60, 0, 5, Basic.Properties.flags["headers"]) + struct.pack(">I", len(table)) + table
    assert read(mended(raw)).properties.headers is None


@pytest.mark.parametrize(
    "method",
    [
        Basic.Deliver(consumer_tag="tag", delivery_tag=255, exchange="e", routing_key="aXb"),
        Basic.GetOk(delivery_tag=255, exchange="e", routing_key="aXb", message_count=255),
    ],
)
def test_a_routing_key_that_is_not_utf_8_gets_a_question_mark(method: Basic.Deliver | Basic.GetOk) -> None:
    raw = frame.marshal(method, 1)
    rest = raw[7:]
    assert mended_key(rest) == rest

    _, _, found = frame.unmarshal(raw[:7] + mended_key(rest.replace(b"aXb", b"a\xe9b")))
    assert isinstance(found, type(method))
    assert (found.routing_key, found.delivery_tag) == ("a?b", 255)


@pytest.mark.parametrize(
    "sound",
    [
        Basic.Ack(delivery_tag=7),
        Basic.Deliver(consumer_tag="tag", delivery_tag=255, exchange="e", routing_key="aXb"),
        ContentHeader(body_size=5, properties=Basic.Properties(message_id="X")),
        ContentBody(b"\xff\xfe"),
        Heartbeat(),
    ],
)
def test_a_sound_frame_stays_as_it_is(sound: frame.FrameTypes) -> None:
    raw = frame.marshal(sound, 1)
    assert mended_frame(raw) == raw
