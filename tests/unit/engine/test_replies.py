"""Which queues a reply may go to."""

import re

import pytest

from tests.fakes.broker import FakeProperties
from worker.engine.replies import Replies
from worker.messages import Delivery


def delivery(reply_to: str | None) -> Delivery:
    return Delivery(b"{}", "allocation.set", FakeProperties(reply_to=reply_to), 1, 1, False, 0)


@pytest.mark.parametrize("pattern", [r"^(amq\.|mine\.replies\.)", r"(amq\.|mine\.replies\.)"])
@pytest.mark.parametrize(
    ("reply_to", "allowed"),
    [
        ("amq.gen-1", True),
        ("mine.replies.x", True),
        ("mine.claims", False),
        ("not.mine.replies.x", False),
        ("x\namq.gen-1", False),
        ("AMQ.gen-1", False),
        ("amqx", False),
    ],
)
def test_a_queue_matches_from_its_first_character_on_however_the_pattern_is_written(
    pattern: str, reply_to: str, allowed: bool
) -> None:
    replies = Replies(re.compile(pattern))
    assert replies.wanted(delivery(reply_to)) is allowed
    assert replies.refused(delivery(reply_to)) is not allowed


@pytest.mark.parametrize("none", [None, ""])
def test_who_asks_for_no_reply_is_neither_answered_nor_refused(none: str | None) -> None:
    replies = Replies(re.compile(r"^amq\."))
    assert (replies.wanted(delivery(none)), replies.refused(delivery(none))) == (False, False)
