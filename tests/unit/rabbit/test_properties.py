"""What messages are sent with."""

from decimal import Decimal
from uuid import UUID

import pytest
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from worker.messages import Outgoing
from worker.rabbit.properties import id_of, properties_of


def parked(properties: Basic.Properties, **added: str | int) -> Basic.Properties:
    """The properties of a parked message as they arrive."""
    message = Outgoing("dead", "key", b"", headers=added, properties=properties)
    sent = properties_of(message, id_of(message), 131_072)
    found = ContentHeader()
    found.unmarshal(ContentHeader(properties=sent).marshal())
    return found.properties


def test_a_message_without_an_id_gets_one_of_its_own() -> None:
    reply = Outgoing("", "queue", b"")
    first, second = (UUID(id_of(reply) or "") for _ in range(2))
    assert first != second


def test_a_parked_message_keeps_its_properties_and_becomes_persistent() -> None:
    came = Basic.Properties(content_type="text/x", correlation_id="c", message_id=None, priority=2, delivery_mode=1)
    found = parked(came)
    assert (found.content_type, found.correlation_id, found.message_id, found.priority) == ("text/x", "c", None, 2)
    assert found.delivery_mode == 2


def test_what_would_close_the_channel_or_run_out_is_set_aside() -> None:
    found = parked(Basic.Properties(user_id="somebody", expiration="1"))
    assert (found.user_id, found.expiration) == (None, None)
    assert found.headers == {"x-original-user-id": "somebody", "x-original-expiration": "1"}


def test_added_headers_win_and_the_delivery_itself_is_not_changed() -> None:
    came = Basic.Properties(headers={"why": "old", "mine": True, "x-delivery-count": 3})
    assert parked(came, why="new").headers == {"why": "new", "mine": True}
    assert came.headers == {"why": "old", "mine": True, "x-delivery-count": 3}


@pytest.mark.parametrize("value", [2**63, Decimal("1E-300"), float("inf"), b"\xff", None, [1, {"a": 2**70}]])
def test_a_header_of_any_value_can_be_parked(value: object) -> None:
    came = Basic.Properties()
    came.headers = {"odd": value}  # type: ignore[dict-item]  # what pamqp decodes is wider than what it encodes
    assert "odd" in (parked(came).headers or {})


def test_a_letter_tells_nothing_of_its_parking_that_a_publisher_made_up() -> None:
    came = Basic.Properties(headers={"x-parked-trace": "forged", "x-parked-reason": "forged", "mine": 1})
    assert parked(came, **{"x-parked-reason": "not_json"}).headers == {"x-parked-reason": "not_json", "mine": 1}


def test_a_letter_that_is_sent_back_tells_when_it_was_parked_first() -> None:
    came = Basic.Properties(headers={"x-parked-first-at": "2026-01-01T00:00:00Z", "x-parked-reason": "poison"})
    assert parked(came).headers == came.headers
