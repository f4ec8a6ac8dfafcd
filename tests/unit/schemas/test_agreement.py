"""Publishers with nothing but a JSON Schema get the same yes or no, wherever a schema can say it."""

import json
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from schemas.decode import validate
from schemas.json_schema import json_schemas
from schemas.queries import validate_query
from schemas.requests import RequestRule
from schemas.wire import read_object
from tests.unit.schemas.examples import CLAIMS, QUERIES, Body
from tests.unit.schemas.texts import mutated

SCHEMAS = {name: Draft202012Validator(schema) for name, schema in json_schemas().items()}

BEYOND_A_SCHEMA = {"uniqueItems", "multipleOf", *RequestRule}
"""Ids spelled differently, one consumer in two members, binary fractions, what groups say of each other: only the
models can tell."""

_FAST = settings(max_examples=150, suppress_health_check=[HealthCheck.filter_too_much])


def _plain(value: Any) -> bool:
    """Whether both sides read it alike: 1.0 is an integer to JSON Schema; Python's `$` allows a line feed after it."""
    if isinstance(value, dict):
        return all(_plain(key) and _plain(one) for key, one in value.items())
    if isinstance(value, list):
        return all(map(_plain, value))
    if isinstance(value, str):
        return not value.endswith("\n") and value.isprintable() | ("\x00" in value)
    return not isinstance(value, float) or not value.is_integer()


def _agree(body: Body, name: str, found: Any) -> None:
    if isinstance(found, tuple) and {violation.rule for violation in found} <= BEYOND_A_SCHEMA:
        return
    by_schema = [error.message for error in SCHEMAS[name].iter_errors(body)]
    assert isinstance(found, tuple) == bool(by_schema), (found, by_schema)


@_FAST
@given(mutated(st.sampled_from([body for body in CLAIMS if body["op"] in {"allocation.set", "inventory.create"}])))
def test_model_and_schema_agree_on_claims_that_are_sent_often(body: Body) -> None:
    _check_claim(body)


@_FAST
@given(mutated(st.sampled_from(CLAIMS)))
def test_model_and_schema_agree_on_every_claim(body: Body) -> None:
    _check_claim(body)


@_FAST
@given(mutated(st.sampled_from(QUERIES)))
def test_model_and_schema_agree_on_every_query(body: Body) -> None:
    assume(_plain(body) and isinstance(body.get("op"), str) and body["op"] in SCHEMAS)
    _agree(body, body["op"], validate_query(read_object(json.dumps(body).encode())))


def _check_claim(body: Body) -> None:
    assume(_plain(body) and isinstance(body.get("op"), str) and body["op"] in SCHEMAS)
    _agree(body, body["op"], validate(read_object(json.dumps(body).encode()), body["op"]))
