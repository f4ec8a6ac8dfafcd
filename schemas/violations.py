"""What is wrong with a message, in JSON Schema's words, never the validator's own."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from schemas.keywords import CUSTOM_RULES, KEYWORDS

VIOLATIONS_MAX: Final = 20
SHOWN_MAX: Final = 200
_INTEGER_SHOWN_MAX: Final = 2**63
_KEY_MARK: Final = "[key]"


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing wrong. `path`: keys from the root; `rule`: the JSON Schema keyword that failed, or a rule named
    in the contract; `limit`: what the keyword asks; `value`: what was found, shortened to something sane."""

    path: tuple[str | int, ...]
    rule: str
    limit: Any
    value: Any

    def to_json(self) -> dict[str, Any]:
        """As it stands in the details of a rejection."""
        return {"path": list(self.path), "rule": self.rule, "limit": self.limit, "value": self.value}


def violations_of(error: ValidationError) -> tuple[Violation, ...]:
    """What the validator found, in the order of the fields; the first VIOLATIONS_MAX of it."""
    found = error.errors(include_url=False)[:VIOLATIONS_MAX]
    return tuple(_violation(one) for one in found)


def _violation(error: ErrorDetails) -> Violation:
    kind, context, value = error["type"], error.get("ctx", {}), error["input"]
    path = error["loc"]
    if len(path) > 1 and path[-1] == _KEY_MARK and path[-2] == value:
        path = path[:-1]
    if kind in CUSTOM_RULES:
        rule, limit = kind, context.get("limit")
    else:
        keyword = KEYWORDS[kind]
        rule, limit = keyword.rule_for(value), keyword.limit_in(context)
    if rule in _COUNTING:
        value = len(value)
    elif rule == "required":
        value = None
    return Violation(
        path=tuple(shown_text(key) if isinstance(key, str) else key for key in path),
        rule=rule,
        limit=shown(limit),
        value=shown(context.get("value", value)),
    )


_COUNTING: Final = frozenset({"minItems", "maxItems", "minProperties"})


def shown_text(text: str) -> str:
    """The text, shortened, with U+FFFD for what no database stores."""
    storable = text[:SHOWN_MAX].encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return storable.replace("\x00", "\ufffd")


def shown(value: Any) -> Any:
    """The value as it may stand in an event: small, storable, and JSON."""
    match value:
        case None | bool():
            return value
        case int():
            return value if abs(value) < _INTEGER_SHOWN_MAX else shown_text(_digits(value))
        case str():
            return shown_text(value)
        case Decimal():
            return float(value) if Decimal(repr(float(value))) == value else shown_text(str(value))
        case Sequence() if len(value) <= VIOLATIONS_MAX * 2 and all(isinstance(one, str) for one in value):
            return [shown_text(one) for one in value]
        case Mapping() | Sequence():
            return shown_text(json.dumps(value, default=str, ensure_ascii=False))
        case _:
            return shown_text(str(value))


def _digits(number: int) -> str:
    return hex(number)  # in no time whatever its length; decimal digits take the square of it
