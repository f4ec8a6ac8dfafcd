"""A batch of claims taken apart: each member as it is written."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.batch import BATCH_OP, ClaimsBatch, read_events
from schemas.claims import CLAIMS as ANY_CLAIM
from schemas.decode import fingerprint, parse
from schemas.members import Member, split
from schemas.wire import Unreadable, UnreadableReason, read_object
from tests.unit.schemas.examples import CLAIMS
from tests.unit.schemas.told import EVENTS

VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(VALUES, min_size=1, max_size=6), st.sampled_from([None, 1]), st.booleans(), st.booleans())
def test_each_member_is_the_bytes_that_stand_in_the_body(
    values: list[Any], indent: int | None, escaped: bool, op_first: bool
) -> None:
    fields = [("op", BATCH_OP), ("claims", values)]
    body = json.dumps(dict(fields if op_first else fields[::-1]), indent=indent, ensure_ascii=escaped)
    try:
        encoded = body.encode()
    except UnicodeEncodeError:
        return
    members = split(encoded)
    assert members is not None
    assert [json.loads(member.body) for member in members] == values
    place = 0
    for member in members:
        place = encoded.index(member.body, place) + len(member.body)


def test_a_member_is_the_same_claim_as_if_it_had_come_alone() -> None:
    alone = (
        b'{"op": "inventory.create",\t"claim_id": "0d5c9e1e-1c1f-4a53-9c4e-2a2d5a1a0001", "allocation_ratio": 1.50e0}'
    )
    members = split(b'\n{"claims" : [ %s ] , "op":"claims.batch"} ' % alone)
    assert members == (Member("inventory.create", alone, parse(alone)),)
    assert fingerprint(parse(members[0].body)) == fingerprint(parse(alone))


@pytest.mark.parametrize("op", [b"1", b"null", b'["a"]', b"1.5"])
def test_an_op_that_is_no_text_is_none(op: bytes) -> None:
    body = b'{"op": %s}' % op
    assert split(b'{"op": "claims.batch", "claims": [%s]}' % body) == (Member(None, body, read_object(body)),)


@pytest.mark.parametrize("member", [b'{"a": NaN}', b'{"a": 1, "a": 2}', b"1" * 5_000, b"1e9999999999999999999"])
def test_what_no_claim_may_be_is_left_to_be_read_on_its_own(member: bytes) -> None:
    body = b'{"op": "claims.batch", "claims": [{"op": "a"}, %s, {"op": "b"}]}' % member
    members = split(body)
    assert members is not None
    assert [one.parsed for one in members] == [{"op": "a"}, None, {"op": "b"}]
    assert members[1].body == member
    with pytest.raises(Unreadable):
        read_object(member)


def test_what_says_that_it_is_one_claim_is_none_of_several() -> None:
    assert split(json.dumps(CLAIMS[0]).encode()) is None


def test_256_claims_are_taken_and_one_more_is_not() -> None:
    assert len(split(b'{"op": "claims.batch", "claims": [1%s]}' % (b",1" * 255)) or ()) == 256
    with pytest.raises(Unreadable) as raised:
        split(b'{"op": "claims.batch", "claims": [1%s]}' % (b",1" * 256))
    assert raised.value.reason is UnreadableReason.NOT_A_BATCH


@given(st.binary(max_size=40) | st.text(alphabet='{}[]",:claims.btho1 \\', max_size=40).map(str.encode))
def test_nothing_but_unreadable_is_raised(body: bytes) -> None:
    for tried in (body, b'{"op":"claims.batch","claims":[%s]}' % body, b'{"op":"claims.batch","claims":[1]%s}' % body):
        try:
            split(tried)
        except Unreadable:
            continue
        assert isinstance(json.loads(tried), dict)


def test_a_publisher_s_model_is_taken_apart_into_its_claims() -> None:
    claims = tuple(ANY_CLAIM.validate_json(json.dumps(one)) for one in CLAIMS if "allocation_ratio" not in str(one))
    members = split(ClaimsBatch(op="claims.batch", claims=claims).to_json())
    assert members is not None
    assert [member.body for member in members] == [claim.to_json() for claim in claims]
    assert [member.op for member in members] == [claim.op for claim in claims]


def test_events_in_bulk_are_read_in_order() -> None:
    told = read_events(json.dumps(EVENTS).encode())
    assert [event.type for event in told] == [event["type"] for event in EVENTS]
