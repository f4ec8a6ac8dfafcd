"""What is found of events in bulk and of replies that say something else than the events."""

import json

from schemas.cloudevents import CONTENT_TYPE
from tests.simulation.beside import wrong_beside
from tests.simulation.checker import Published
from worker.messages import Outgoing

EVENT = Outgoing("events", "allocation.granted", b'{"id": "1", "claimid": "11"}')
SENT = [Published(b'{"claim_id": "11"}'), Published(b'{"claim_id": "22"}')]


def bulk(*events: Outgoing) -> Outgoing:
    return Outgoing("bulk", "events.batch", json.dumps([json.loads(one.body) for one in events]).encode())


def reply(body: bytes, number: int = 1) -> Outgoing:
    return Outgoing("", "queue", body, correlation_id=str(number), content_type=CONTENT_TYPE)


def test_what_says_the_same_is_right_and_bulk_need_not_be_there() -> None:
    assert list(wrong_beside([EVENT, EVENT], [bulk(EVENT), bulk(EVENT)], [reply(EVENT.body)], SENT)) == []
    assert list(wrong_beside([EVENT], None, [], SENT)) == []


def test_an_event_that_came_only_alone_or_is_another_one_in_bulk_is_found() -> None:
    other = EVENT._replace(body=b'{"id": "1", "claimid": "22"}')
    assert list(wrong_beside([EVENT], [], [], SENT)) == ["event 1 came only alone"]
    assert list(wrong_beside([], [bulk(EVENT)], [], SENT)) == ["event 1 came only in bulk"]
    assert list(wrong_beside([EVENT], [bulk(other)], [], SENT)) == ["event 1 is another one in bulk"]


def test_a_reply_that_is_no_event_or_about_another_claim_is_found() -> None:
    assert len(list(wrong_beside([EVENT], None, [reply(b'{"id": "1"}')], SENT))) == 1
    assert len(list(wrong_beside([EVENT], None, [reply(EVENT.body, 2)], SENT))) == 1
