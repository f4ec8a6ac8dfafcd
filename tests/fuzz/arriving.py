"""Deliveries of whatever bytes and properties, through all that reads them and all that is said about them."""

import json
import re
import struct
from datetime import UTC, datetime
from typing import Final

from pamqp.commands import Basic

from schemas.batch import BATCH_OP
from schemas.decode import Unreadable
from schemas.events import read_exact_event
from schemas.parked import ParkedHeaders, ParkedReason
from tests.fuzz.said import assert_plain, assert_plain_lines, assert_told, strictly
from worker.engine.intake import Incoming, Parked, read, unpacked
from worker.engine.parking import Parking
from worker.engine.render import Renderer
from worker.engine.replies import Replies
from worker.messages import Delivery, Outgoing
from worker.rabbit.headers import header_of, properties_in
from worker.rabbit.mending import UNREADABLE

FRAME_MAX: Final = 131_072
SIZE: Final = struct.Struct(">I")
HEADERS_FLAG: Final = Basic.Properties.flags["headers"]
NOW: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
RENDERER: Final = Renderer("/fuzz", "allocation.events")
PARKING: Final = Parking("allocation.dead", "allocation.claims", "allocation.claims")
REPLIES: Final = Replies(re.compile(r"^(amq\.|allocation\.replies\.)"))


def delivered(raw: bytes) -> Delivery | None:
    """Of a content header's size, the header, a routing key, a line feed, the body; None where no broker passes it."""
    if len(raw) < SIZE.size:
        return None
    end = SIZE.size + SIZE.unpack_from(raw)[0] % FRAME_MAX
    header, (key, _, body) = raw[SIZE.size : end], raw[end:].partition(b"\n")
    try:
        properties = properties_in(header)
    except (*UNREADABLE, IndexError):
        return None  # cut off within a property: a broker ends the publisher's connection on it
    return Delivery(body, key[:255].decode("utf-8", "replace"), properties, 1, 1, False, 0)


def packed(properties: Basic.Properties, routing_key: str, body: bytes) -> bytes:
    """What `delivered` reads."""
    header = struct.pack(">HHQ", 60, 0, len(body)) + properties.marshal()
    return SIZE.pack(len(header)) + header + routing_key.encode() + b"\n" + body


def take(delivery: Delivery) -> tuple[list[Incoming], list[Parked]]:
    """As the engine takes it: apart where it has several claims, then each read."""
    if delivery.routing_key != BATCH_OP:
        return read([delivery])
    try:
        return read(unpacked(delivery))
    except Unreadable as error:
        return [], [Parked(delivery, ParkedReason(error.reason.value), error.detail)]


def check_delivery(delivery: Delivery) -> None:
    """Each claim of it becomes a claim of the core, a refusal with what and where, or a letter with a reason."""
    incoming, parked = take(delivery)
    for one in incoming:
        assert len(one.fingerprint) == 32
        checked = one.check()
        if isinstance(checked, tuple):
            _check_refusal(one)
    for letter in PARKING.messages([*parked, *_reused(incoming)], "2026-03-01T12:00:00Z"):
        _check_letter(letter)


def _check_refusal(one: Incoming) -> None:
    found = one.check()
    assert isinstance(found, tuple)
    assert_told(json.loads(json.dumps([violation.to_json() for violation in found])), one.parsed)
    record = RENDERER.record(one, found, NOW)
    (body,) = record.bodies
    read_exact_event(body)
    told = strictly(body)["data"]
    assert_plain(told["message"])
    for message in RENDERER.events(record):
        header_of(message, message.message_id, FRAME_MAX)
    for reply in REPLIES.outcomes([(record, [one.delivery])]):
        header_of(reply, "id", FRAME_MAX)


def _reused(incoming: list[Incoming]) -> list[Parked]:
    trace = "Traceback\n  \x1b[2J\x00\u202e" if incoming else None
    return [Parked(one.delivery, ParkedReason.CLAIM_ID_REUSED, "another body", trace, one.claim) for one in incoming]


def _check_letter(letter: Outgoing) -> None:
    assert letter.headers is not None
    for name, value in letter.headers.items():
        if isinstance(value, str) and not name.endswith("routing-key"):
            assert_plain_lines(value)
    ParkedHeaders.model_validate(dict(letter.headers))
    header = header_of(letter, letter.message_id, FRAME_MAX)
    assert len(header) <= FRAME_MAX
    kept = {name: value for name, value in (properties_in(header).headers or {}).items() if name.startswith("x-parked")}
    if "x-parked-headers-dropped" not in kept:
        ParkedHeaders.model_validate(kept)
        assert {name: kept[name] for name in letter.headers} == letter.headers
