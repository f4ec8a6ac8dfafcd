"""Events, replies, codes: what the models refuse, and the bytes they are written as."""

import json
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.cloudevents import encode, event_id, schema_uri
from schemas.codes import Code
from schemas.events import EVENT_BY_TYPE, read_event, read_exact_event
from schemas.queries import ProviderList, validate_query
from schemas.violations import Violation
from tests.unit.schemas.examples import CLAIM, OTHER, PROVIDER, Body
from tests.unit.schemas.told import EVENTS, GRANTED, REJECTIONS, event, rejected


@pytest.mark.parametrize("body", EVENTS)
def test_an_event_is_read_from_its_bytes(body: Body) -> None:
    read = read_exact_event(encode(body))
    assert type(read) is EVENT_BY_TYPE[body["type"]]
    assert read == read_event(encode(body))


def test_subscribers_ignore_what_they_do_not_know_and_our_tests_do_not() -> None:
    newer = encode({**GRANTED, "data": {**GRANTED["data"], "added": 1}})
    assert read_event(newer) == read_event(encode(GRANTED))
    with pytest.raises(ValidationError):
        read_exact_event(newer)


NAMED = {"name": "CUSTOM_A"}


@pytest.mark.parametrize(
    "body",
    [
        event("trait.created", NAMED),
        event("trait.created", {**NAMED, "changed": True}, claimid=None, causeid=CLAIM),
        event("provider_traits.changed", {"provider": PROVIDER, "generation": 1, "before": [], "after": []}),
        event("trait.created", {**NAMED, "changed": True}, id=OTHER.upper()),
        event("trait.created", {**NAMED, "changed": True}, time="2026-03-01 12:00"),
        event("no.such_type", {**NAMED, "changed": True}),
        {key: value for key, value in GRANTED.items() if key != "specversion"},
    ],
)
def test_an_event_that_is_not_as_the_contract_says_is_refused(body: Body) -> None:
    with pytest.raises(ValidationError):
        read_event(encode(body))


def test_a_consequence_names_its_cause_and_an_outcome_its_claim_never_both() -> None:
    changed = {"provider": PROVIDER, "generation": 1, "incarnation": 1, "before": [], "after": [], "changed": True}
    read_event(encode(event("provider_traits.changed", changed)))
    for ids in ({"causeid": CLAIM}, {"claimid": None}):
        with pytest.raises(ValidationError):
            read_event(encode(event("provider_traits.changed", changed, **ids)))


@pytest.mark.parametrize("code", REJECTIONS)
def test_a_rejection_with_the_details_of_another_code_or_a_wrong_transience_is_refused(code: str) -> None:
    details, transient = REJECTIONS[code]
    with pytest.raises(ValidationError):
        read_event(encode(rejected(code, details, transient=not transient)))
    with pytest.raises(ValidationError):
        read_exact_event(encode(rejected(code, {"moon": "full"}, transient=transient)))


def test_every_code_has_an_example_in_order_and_is_transient_where_the_contract_says() -> None:
    assert {code.value: code.transient for code in Code} == {code: one[1] for code, one in REJECTIONS.items()}
    assert [code.value for code in Code] == list(REJECTIONS)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("0.29"), "0.29"),
        (Decimal("1.0"), "1"),
        (Decimal("999999.999999"), "999999.999999"),
        (Decimal("0.000001"), "1e-06"),
        (Decimal("123456.654321"), "123456.654321"),
    ],
)
def test_a_decimal_is_written_as_a_number_of_exactly_its_value(value: Decimal, text: str) -> None:
    written = encode({"ratio": value})
    assert written == b'{"ratio":' + text.encode() + b"}"
    assert json.loads(written, parse_float=Decimal)["ratio"] == value


@pytest.mark.parametrize("value", [Decimal("0.1234567890123456789"), Decimal("1e400"), Decimal("NaN"), float("inf")])
def test_a_number_that_cannot_be_written_exactly_is_our_bug(value: Any) -> None:
    with pytest.raises(ValueError, match="JSON"):
        encode({"ratio": value})


def test_text_is_written_as_utf_8_and_compact() -> None:
    assert encode({"a": "ü", "b": [1, None]}) == '{"a":"ü","b":[1,null]}'.encode()


def test_lone_surrogates_are_refused_rather_than_sent() -> None:
    with pytest.raises(UnicodeEncodeError):
        encode({"a": "\ud800"})


def test_an_event_id_depends_on_claim_and_ordinal_alone() -> None:
    assert event_id(CLAIM, 0) == event_id(CLAIM, 0)
    assert len({event_id(CLAIM, 0), event_id(CLAIM, 1), event_id(OTHER, 0)}) == 3
    assert event_id(CLAIM, 0) == "c70c52c3-7c88-5a76-b2c9-deafa13ff50a"


def test_the_schema_of_an_event_has_a_stable_name() -> None:
    assert schema_uri("allocation.granted") == "urn:allocation:schema:allocation.granted:1"


def listed(**fields: Any) -> Any:
    return validate_query({"op": "provider.list", **fields})


def test_one_name_stands_for_a_list_of_one() -> None:
    query = listed(required=["HW_GPU", ["CUSTOM_A", "CUSTOM_B"]], member_of=[PROVIDER.upper()])
    assert isinstance(query, ProviderList)
    assert query.required == (("HW_GPU",), ("CUSTOM_A", "CUSTOM_B"))
    assert query.member_of == ((PROVIDER,),)


def test_a_list_is_paged_by_a_hundred_unless_asked_otherwise() -> None:
    assert listed().page_size == 100
    assert listed(page_size=1000).page_size == 1000


@pytest.mark.parametrize(
    ("fields", "violation"),
    [
        ({"page_size": 1001}, Violation(("page_size",), "maximum", 1000, 1001)),
        ({"page_size": 0}, Violation(("page_size",), "minimum", 1, 0)),
        ({"after": "x"}, Violation(("after",), "format", "uuid", "x")),
        ({"required": [""]}, Violation(("required", 0), "minLength", 1, "")),
        ({"required": ["A", ["B", 5]]}, Violation(("required", 1, 1), "type", "string", 5)),
        ({"required": [[]]}, Violation(("required", 0), "minItems", 1, 0)),
        ({"state": "gone"}, Violation(("state",), "enum", ["enabled", "draining"], "gone")),
        ({"resources": {"A": 0}}, Violation(("resources", "A"), "minimum", 1, 0)),
        ({"in_tree": None}, Violation(("in_tree",), "type", "string", None)),
        ({"limit": 1}, Violation(("limit",), "additionalProperties", False, 1)),
    ],
)
def test_what_is_wrong_with_a_query_is_told(fields: Body, violation: Violation) -> None:
    assert listed(**fields) == (violation,)


def test_an_unknown_query_is_told_with_the_known_ones() -> None:
    found = validate_query({"op": "moon.get"})
    assert isinstance(found, tuple)
    (one,) = found
    assert (one.path, one.rule, one.value) == (("op",), "enum", "moon.get")
