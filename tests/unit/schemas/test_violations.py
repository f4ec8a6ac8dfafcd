"""Every finding of the validator has a JSON Schema keyword, and what is shown of a value is sane."""

import json
from decimal import Decimal
from typing import Any

import pytest
from pydantic_core import _pydantic_core

from schemas.keywords import CUSTOM_RULES, KEYWORDS
from schemas.violations import Violation, sentence, shown

RULES = {
    "required",
    "additionalProperties",
    "type",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "enum",
    "const",
    "anyOf",
    "oneOf",
    "contentMediaType",
}


def test_every_error_the_validator_can_report_has_a_keyword() -> None:
    known = {error["type"] for error in _pydantic_core.list_all_errors()}
    assert set(KEYWORDS) == known


def test_every_limit_stands_in_the_context_where_it_is_looked_for() -> None:
    for error in _pydantic_core.list_all_errors():
        keyword = KEYWORDS[error["type"]]
        assert keyword.limit_key is None or keyword.limit_key in (error["example_context"] or {})


def test_every_rule_is_a_keyword_of_json_schema() -> None:
    rules = {keyword.rule for keyword in KEYWORDS.values()} | CUSTOM_RULES
    assert rules | {keyword.for_mappings for keyword in KEYWORDS.values() if keyword.for_mappings} <= RULES


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, None),
        (True, True),
        (5, 5),
        (2**63, "9223372036854775808"),
        ("x" * 201, "x" * 200),
        ("a\x00\ud800", "a\ufffd\ufffd"),
        (Decimal("0.5"), 0.5),
        (Decimal("1e999999"), "1E+999999"),
        (Decimal("0.1234567890123456789"), "0.1234567890123456789"),
        (["a", "b\x00"], ["a", "b\ufffd"]),
        ({"a": Decimal("0.5")}, '{"a": "0.5"}'),
        ([[1]] * 1000, ("[[1], " + "[1], " * 100)[:200]),
    ],
)
def test_a_value_is_shown_small_storable_and_as_json(value: Any, told: Any) -> None:
    assert shown(value) == told
    json.dumps(shown(value), allow_nan=False, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([Violation(("claims", 0, "a/b~c"), "minimum", 1, 0)], "at 1 place: /claims/0/a~1b~0c (minimum 1)."),
        ([Violation(("op",), "enum", ["a", "b"], 0)] * 2, "at 2 places, the first: /op (enum)."),
        ([Violation((), "anyOf", None, None)], "at 1 place: its root (anyOf)."),
        ([Violation(("k" * 200,) * 2, "type", "object", 0)], f"at 1 place: /{'k' * 199}... (type object)."),
    ],
)
def test_a_sentence_tells_how_many_and_where_the_first(found: list[Violation], said: str) -> None:
    assert sentence("message", found) == f"The message breaks the contract {said}"
