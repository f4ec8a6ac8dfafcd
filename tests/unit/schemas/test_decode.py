"""Reading bytes: what is unreadable, and what two bodies have in common."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.decode import Unreadable, UnreadableReason, claim_id_of, fingerprint, parse, read_object, validate
from schemas.parked import ParkedReason
from tests.unit.schemas.examples import CLAIM, CLAIMS, allocation_set
from tests.unit.schemas.texts import JSON_VALUES, mutated

PINNED = "2eb1cbb16345235827327c326def92ff397f0bfd506ed338e4cbb10e7984f3dc"
MINIMAL = b'{"claim_id":"%s"}' % CLAIM.encode()


def nested(depth: int) -> bytes:
    return b'{"claim_id":"%s","x":' % CLAIM.encode() + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", UnreadableReason.NOT_JSON),
        (b"{", UnreadableReason.NOT_JSON),
        (MINIMAL + b" x", UnreadableReason.NOT_JSON),
        (b"\xef\xbb\xbf" + MINIMAL, UnreadableReason.NOT_JSON),
        (b'{"a":NaN}', UnreadableReason.NOT_JSON),
        (b'{"a":-Infinity}', UnreadableReason.NOT_JSON),
        (b'{"a":' + b"9" * 5000 + b"}", UnreadableReason.NOT_JSON),
        (b'{"a":1e99999999999999999999999}', UnreadableReason.NOT_JSON),
        (b'{"a":"\xff"}', UnreadableReason.NOT_UTF8),
        (MINIMAL.decode().encode("utf-16"), UnreadableReason.NOT_UTF8),
        (b"[]", UnreadableReason.NOT_AN_OBJECT),
        (b"null", UnreadableReason.NOT_AN_OBJECT),
        (b'{"a":{"b":1,"b":1}}', UnreadableReason.DUPLICATE_KEY),
        (b"[" * 100_000, UnreadableReason.TOO_DEEP),
        (nested(33), UnreadableReason.TOO_DEEP),
        (b"{}", UnreadableReason.NO_CLAIM_ID),
        (b'{"claim_id":5}', UnreadableReason.NO_CLAIM_ID),
        (b'{"claim_id":null}', UnreadableReason.NO_CLAIM_ID),
        (b'{"claim_id":[]}', UnreadableReason.NO_CLAIM_ID),
        (b'{"claim_id":"{%s}"}' % CLAIM.encode(), UnreadableReason.NO_CLAIM_ID),
        (b'{"claim_id":"%s\\n"}' % CLAIM.encode(), UnreadableReason.NO_CLAIM_ID),
    ],
)
def test_what_cannot_be_read_is_told_with_its_reason(body: bytes, reason: UnreadableReason) -> None:
    with pytest.raises(Unreadable) as raised:
        parse(body)
    assert raised.value.reason is reason
    assert raised.value.detail


def test_the_size_limit_is_the_last_size_that_is_read() -> None:
    assert parse(MINIMAL, limit_bytes=len(MINIMAL)) == {"claim_id": CLAIM}
    with pytest.raises(Unreadable) as raised:
        parse(MINIMAL, limit_bytes=len(MINIMAL) - 1)
    assert raised.value.reason is UnreadableReason.TOO_LARGE


def test_a_mebibyte_is_read_and_a_byte_more_is_not() -> None:
    padded = MINIMAL + b" " * (1024 * 1024 - len(MINIMAL))
    assert parse(padded) == {"claim_id": CLAIM}
    with pytest.raises(Unreadable):
        parse(padded + b" ")


def test_nesting_is_read_down_to_its_limit() -> None:
    assert parse(nested(32))["claim_id"] == CLAIM


def test_many_objects_beside_each_other_are_not_deep() -> None:
    assert len(read_object(json.dumps({"a": [{}] * 5000}).encode())["a"]) == 5000


def test_each_reason_is_a_reason_to_park() -> None:
    assert set(UnreadableReason) <= {reason.value for reason in ParkedReason}


def test_the_claim_id_is_canonical() -> None:
    assert claim_id_of({"claim_id": CLAIM.replace("-", "").upper()}) == CLAIM


def fingerprint_of(text: str) -> bytes:
    return fingerprint(read_object(text.encode()))


def test_the_order_of_keys_and_blanks_leave_the_fingerprint_as_it_is() -> None:
    assert fingerprint_of('{"a":{"x":1,"y":[1.5]},"b":2}') == fingerprint_of('{ "b": 2, "a": {"y": [1.5], "x": 1} }')


@pytest.mark.parametrize("text", ["1", "1.00", '"1.0"', "[NaNs]", '["NaN","1.0"]', '[null,"1.0"]', "true", "null"])
def test_another_value_has_another_fingerprint(text: str) -> None:
    if text == "[NaNs]":
        text = '"[NaN,\\"1.0\\"]"'
    assert fingerprint_of('{"a":1.0}') != fingerprint_of(f'{{"a":{text}}}')


def test_a_default_spelled_out_is_another_body() -> None:
    assert fingerprint(allocation_set()) != fingerprint({**allocation_set(), "mappings": {}})


def test_a_fingerprint_stays_the_same_over_versions() -> None:
    assert fingerprint_of('{"b":1,"a":[0.5,"ü\\ud800"]}').hex() == PINNED


@settings(max_examples=100)
@given(st.one_of(st.binary(max_size=60), st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass"))))
def test_bytes_are_read_or_unreadable_and_nothing_else(body: bytes) -> None:
    try:
        assert isinstance(read_object(body), dict)
    except Unreadable as unreadable:
        assert unreadable.detail


@settings(max_examples=100)
@given(JSON_VALUES)
def test_any_json_is_read_fingerprinted_and_checked_without_failing(value: Any) -> None:
    body = json.dumps({"claim_id": CLAIM, "op": "allocation.set", "consumer": value, "allocations": value})
    try:
        parsed = parse(body.encode())
    except Unreadable as unreadable:
        assert unreadable.reason in {UnreadableReason.TOO_DEEP, UnreadableReason.NOT_JSON}
        return
    assert len(fingerprint(parsed)) == 32
    found = validate(parsed, "allocation.set")
    assert isinstance(found, tuple)
    for violation in found:
        json.dumps(violation.to_json(), ensure_ascii=False, allow_nan=False).encode()


@settings(max_examples=100)
@given(mutated(st.sampled_from(CLAIMS)))
def test_a_claim_with_something_changed_is_accepted_or_told_what_is_wrong(body: dict[str, Any]) -> None:
    parsed = read_object(json.dumps(body).encode())
    found = validate(parsed, body["op"] if isinstance(body.get("op"), str) else "allocation.set")
    if isinstance(found, tuple):
        assert 1 <= len(found) <= 20
        for violation in found:
            assert "\x00" not in json.dumps(violation.to_json(), ensure_ascii=False)
