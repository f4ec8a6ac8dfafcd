"""Content headers written and read by hand are pamqp's, to the byte."""

import struct
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from worker.messages import Outgoing
from worker.rabbit.headers import header_of, properties_in
from worker.rabbit.properties import properties_of

FRAME_MAX = 131_072
# 60 characters of four bytes each fit into a short string
texts = st.text(st.characters(codec="utf-8"), max_size=60)
tables = st.dictionaries(texts, st.one_of(st.integers(-(2**31), 2**31 - 1), texts, st.booleans()), max_size=3)
times = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC))

properties = st.builds(
    Basic.Properties,
    content_type=st.none() | texts,
    content_encoding=st.none() | texts,
    headers=st.none() | tables,
    delivery_mode=st.sampled_from([None, 1, 2]),
    priority=st.none() | st.integers(0, 255),
    correlation_id=st.none() | texts,
    reply_to=st.none() | texts,
    expiration=st.none() | texts,
    message_id=st.none() | texts,
    timestamp=st.none() | times,
    message_type=st.none() | texts,
    user_id=st.none() | texts,
    app_id=st.none() | texts,
)
outgoing = st.builds(
    Outgoing,
    exchange=st.just("exchange"),
    routing_key=st.just("key"),
    body=st.binary(max_size=20),
    correlation_id=st.none() | texts,
    content_type=texts,
    headers=st.none() | st.dictionaries(texts, texts, max_size=2),
    properties=st.none() | properties,
)


def by_pamqp(header: bytes) -> Basic.Properties:
    found = ContentHeader()
    found.unmarshal(header)
    return found.properties


@given(outgoing, st.none() | texts)
def test_a_header_is_written_as_pamqp_writes_it(message: Outgoing, message_id: str | None) -> None:
    expected = ContentHeader(
        body_size=len(message.body), properties=properties_of(message, message_id, FRAME_MAX)
    ).marshal()
    assert header_of(message, message_id, FRAME_MAX) == expected


@given(properties)
def test_a_header_is_read_as_pamqp_reads_it(sent: Basic.Properties) -> None:
    header = ContentHeader(body_size=5, properties=sent).marshal()
    assert properties_in(header) == by_pamqp(header)


def test_a_text_that_is_too_long_for_a_short_string_is_an_error_as_in_pamqp() -> None:
    with pytest.raises(struct.error):
        header_of(Outgoing("", "key", b"", correlation_id="x" * 256), "id", FRAME_MAX)


def test_what_cannot_be_decoded_is_left_out_and_the_rest_stays() -> None:
    header = ContentHeader(properties=Basic.Properties(correlation_id="c", message_id="BROKEN", app_id="app")).marshal()
    found = properties_in(header.replace(b"BROKEN", b"BR\xffKEN"))
    assert (found.correlation_id, found.message_id, found.app_id) == ("c", None, "app")


def test_one_message_does_not_share_its_properties_with_the_next() -> None:
    header = ContentHeader(properties=Basic.Properties(message_id="id")).marshal()
    assert properties_in(header) is not properties_in(header)
