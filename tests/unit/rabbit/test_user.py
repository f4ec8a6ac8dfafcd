"""Who we are to the broker, and whom a message was sent for."""

import pytest

from tests.fakes.broker import FakeProperties
from worker.messages import ORIGINAL_USER, Outgoing, on_behalf_of
from worker.rabbit.dead import DeadLetter, claim_of
from worker.rabbit.properties import properties_of
from worker.rabbit.user import user_of


@pytest.mark.parametrize(
    ("url", "user"),
    [
        ("amqp://nova:secret@host/", "nova"),
        ("amqp://no%40va:secret@host/x", "no@va"),
        ("amqp://host/", "guest"),
        ("amqps://host/?auth=external", None),
        ("amqps://nova@host/?auth=EXTERNAL", None),
    ],
)
def test_the_address_says_who_we_are_unless_a_certificate_does(url: str, user: str | None) -> None:
    assert user_of(url) == user


@pytest.mark.parametrize(
    ("user", "named", "believed"),
    [
        ("nova", None, "nova"),
        ("nova", "root", "nova"),
        (None, "root", None),
        ("", "root", None),
        ("speaker", "nova", "nova"),
        ("speaker", None, "speaker"),
        ("speaker", "", None),
        ("speaker", b"nova", None),
        ("speaker", "x" * 256, None),
    ],
)
def test_a_header_is_believed_of_a_speaker_whom_the_broker_vouches_for(
    user: str | None, named: object, believed: str | None
) -> None:
    headers = {} if named is None else {ORIGINAL_USER: named}
    assert on_behalf_of(FakeProperties(user_id=user, headers=headers), {"speaker"}) == believed


def test_what_is_sent_again_says_for_whom_in_our_words_alone() -> None:
    forged = FakeProperties(headers={ORIGINAL_USER: "root", "mine": "kept"})
    sent = properties_of(Outgoing("", "", b"", properties=forged, user_id="us"), None, 131_072)
    assert (sent.user_id, sent.headers) == ("us", {"mine": "kept"})
    signed = Outgoing("", "", b"", properties=forged, headers={ORIGINAL_USER: "nova"}, user_id="us")
    assert (properties_of(signed, None, 131_072).headers or {})[ORIGINAL_USER] == "nova"


@pytest.mark.parametrize(
    ("sender", "headers", "user"),
    [
        ("worker", {ORIGINAL_USER: "nova"}, "nova"),
        ("worker", {ORIGINAL_USER: ""}, ""),
        ("worker", {}, ""),
        ("operator", {}, ""),
        ("nova", {ORIGINAL_USER: "operator"}, "nova"),
        (None, {ORIGINAL_USER: "operator"}, ""),
    ],
)
def test_a_letter_is_sent_back_for_whom_it_says_and_never_for_us(
    sender: str | None, headers: dict[str, object], user: str
) -> None:
    letter = DeadLetter(1, "allocation.set", b"{}", FakeProperties(user_id=sender, headers=headers), 1)
    claim = claim_of(letter, "allocation.claims", "operator", {"operator", "worker"})
    assert (claim.user_id, claim.headers) == ("operator", {ORIGINAL_USER: user})
