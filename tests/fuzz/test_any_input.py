"""Whatever comes in: read, refused or parked, and told in a way that harms nobody. The targets are those of fuzzing."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pamqp.commands import Basic

from schemas.batch import BATCH_OP, EVENTS_NAME
from schemas.claims import CLAIM_BY_OP
from schemas.decode import validate
from schemas.json_schema import models
from schemas.queries import QUERY_BY_OP, validate_query
from schemas.requests import RequestRule
from schemas.wire import read_object
from tests.fuzz.arriving import check_delivery, packed
from tests.fuzz.drawn import TEXTS, drawn
from tests.fuzz.models import check_claim, check_query
from tests.fuzz.seeds import PROPERTIES, seeds
from tests.fuzz.shown import check_letter
from tests.fuzz.targets import TARGETS, check_whole_delivery
from tests.unit.schemas.examples import CLAIMS, QUERIES
from tests.unit.schemas.texts import mutated
from worker.messages import Delivery

BEYOND_A_SCHEMA = {"uniqueItems", "multipleOf", *RequestRule}
OF_ANY_KIND = {BATCH_OP, EVENTS_NAME, "claim.get.reply"}
"""What holds one of all the others."""
QUICK = settings(max_examples=12, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
BODIES = ("claim", "query", "event", "told", "answer", "log")


def each_seed() -> Iterator[Any]:
    """All seeds of all targets."""
    for target, found in seeds().items():
        for number, raw in enumerate(found):
            yield pytest.param(target, raw, id=f"{target}-{number}")


@pytest.mark.parametrize(("target", "raw"), list(each_seed()))
def test_every_seed_goes_through_its_target(target: str, raw: bytes) -> None:
    TARGETS[target](raw)


@pytest.mark.parametrize("target", TARGETS)
@QUICK
@given(raw=st.one_of(st.binary(max_size=400), st.text(max_size=200).map(str.encode), TEXTS.map(str.encode)))
def test_any_bytes_go_through(target: str, raw: bytes) -> None:
    TARGETS[target](raw)


@pytest.mark.parametrize("target", BODIES)
@QUICK
@given(value=st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=20,
))  # fmt: skip
def test_any_json_goes_through(target: str, value: Any) -> None:
    TARGETS[target](json.dumps(value).encode())


@pytest.mark.parametrize("op", CLAIM_BY_OP)
@QUICK
@given(data=st.data())
def test_a_claim_of_its_schema_is_accepted_or_breaks_a_rule_beyond_one(op: str, data: st.DataObject) -> None:
    body = json.dumps(data.draw(drawn(op))).encode()
    claim = validate(read_object(body), op)
    assert not isinstance(claim, tuple) or {one.rule for one in claim} <= {*BEYOND_A_SCHEMA, "anyOf"}
    check_claim(body)
    check_delivery(Delivery(body, op, PROPERTIES[1], 1, 1, False, 0))


@pytest.mark.parametrize("op", QUERY_BY_OP)
@QUICK
@given(data=st.data())
def test_a_query_of_its_schema_is_accepted_or_breaks_a_rule_beyond_one(op: str, data: st.DataObject) -> None:
    body = json.dumps(data.draw(drawn(op))).encode()
    query = validate_query(read_object(body))
    assert not isinstance(query, tuple) or {one.rule for one in query} <= BEYOND_A_SCHEMA
    check_query(body)


@pytest.mark.parametrize("name", sorted({*models()} - {*CLAIM_BY_OP, *QUERY_BY_OP, *OF_ANY_KIND}))
@settings(QUICK, max_examples=3)
@given(data=st.data())
def test_what_is_told_goes_through_all_that_reads_it(name: str, data: st.DataObject) -> None:
    body = json.dumps(data.draw(drawn(name))).encode()
    for target in ("event", "told", "answer", "log"):
        TARGETS[target](body)


@settings(QUICK, max_examples=100)
@given(body=mutated(st.sampled_from([*CLAIMS, *QUERIES])), number=st.integers(0, 1), batch=st.booleans())
def test_a_message_with_something_changed_goes_through(body: dict[str, Any], number: int, batch: bool) -> None:
    whole = {"op": BATCH_OP, "claims": [body, CLAIMS[0]]} if batch else body
    op = str(whole.get("op"))
    check_delivery(Delivery(json.dumps(whole).encode(), op[:60], PROPERTIES[number], 1, 1, False, 0))
    check_claim(json.dumps(body).encode())
    check_query(json.dumps(body).encode())


@settings(QUICK, max_examples=50)
@given(
    headers=st.dictionaries(
        st.one_of(st.text(max_size=20), st.sampled_from(["x-parked-first-at", "x-parked-detail", "x-delivery-count"])),
        st.recursive(
            st.one_of(TEXTS, st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(width=32)),
            lambda inner: st.one_of(
                st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=9), inner, max_size=3)
            ),
            max_leaves=8,
        ),
        max_size=4,
    ),
    text=TEXTS,
)
def test_any_properties_go_through(headers: dict[str, Any], text: str) -> None:
    short = text.encode()[:200].decode("utf-8", "ignore")
    properties = Basic.Properties(
        headers=headers, correlation_id=short, message_id=short, reply_to=f"amq.{short}", app_id=short, user_id=short
    )
    for body in (b"{", json.dumps(CLAIMS[0]).encode(), b'{"op":"claims.batch","claims":[{}]}'):
        raw = packed(properties, json.loads(body)["op"] if len(body) > 1 else "k", body)
        check_whole_delivery(raw)
        check_letter(raw)
