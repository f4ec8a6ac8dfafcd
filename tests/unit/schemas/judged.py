"""What became of a claim: its model, or the one thing that is wrong with it."""

from typing import Any

from schemas.decode import validate
from tests.unit.schemas.examples import Body


def accepted(body: Body) -> Any:
    result = validate(body, body["op"])
    assert not isinstance(result, tuple), result
    return result


def only_violation(body: Body) -> tuple[list[str | int], str, Any, Any]:
    result = validate(body, body["op"])
    assert isinstance(result, tuple), result
    (one,) = result
    return list(one.path), one.rule, one.limit, one.value
