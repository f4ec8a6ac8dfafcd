"""What is wrong with a message, in JSON Schema's words, never the validator's own."""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from schemas.keywords import CUSTOM_RULES, KEYWORDS

VIOLATIONS_MAX: Final = 20
SHOWN_MAX: Final = 200
_LIMIT_TOLD_MAX: Final = 80
_LIST_SHOWN_MAX: Final = 64
_INTEGER_SHOWN_MAX: Final = 2**63
_KEY_MARK: Final = "[key]"
_COUNTING: Final = frozenset({"minItems", "maxItems", "minProperties", "maxProperties"})
_OP_PATH: Final = ("op",)
_RULES_BROKEN: Final = "rules_broken"


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing wrong. `path`: keys from the root; `rule`: the JSON Schema keyword that failed, or a rule named
    in the contract; `limit`: what the keyword asks; `value`: what was found, shortened to something sane."""

    path: tuple[str | int, ...]
    rule: str
    limit: Any
    value: Any

    @property
    def pointer(self) -> str:
        """The path as a JSON Pointer (RFC 6901), its end left out where it is too long for a sentence."""
        steps = (str(step).replace("~", "~0").replace("/", "~1") for step in self.path)
        pointer = "".join(f"/{step}" for step in steps)
        return pointer if len(pointer) <= SHOWN_MAX else f"{pointer[:SHOWN_MAX]}..."

    def to_json(self) -> dict[str, Any]:
        """As it stands in the details of a rejection."""
        return {"path": list(self.path), "rule": self.rule, "limit": self.limit, "value": self.value}


def violations_of(error: ValidationError, parsed: Mapping[str, Any]) -> tuple[Violation, ...]:
    """What the validator found in `parsed`, in the order of the fields; the first VIOLATIONS_MAX of it."""
    errors = (one for one in error.errors(include_url=False) if not _miscounted(one))
    return tuple(islice((found for one in errors for found in _violations(one, parsed)), VIOLATIONS_MAX))


def sentence(what: str, found: Sequence[Violation]) -> str:
    """For people: how many places of `what` are wrong, and the first of them."""
    first = found[0]
    number = isinstance(first.limit, int | float | str) and not isinstance(first.limit, bool)
    limit = f" {first.limit}" if number and len(str(first.limit)) <= _LIMIT_TOLD_MAX else ""
    places = "1 place" if len(found) == 1 else f"{len(found)} places, the first"
    return f"The {what} breaks the contract at {places}: {first.pointer or 'its root'} ({first.rule}{limit})."


def rules_broken(found: Sequence[Violation]) -> PydanticCustomError:
    """What a model's validator raises to tell of several rules at once; paths begin at that model."""
    return PydanticCustomError(_RULES_BROKEN, "rules are broken", {"found": tuple(found)})


def _miscounted(error: ErrorDetails) -> bool:
    """The validator counts items that are wrong in themselves, and told as such, as if they were not there."""
    return error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"]


def wrong_op(parsed: Mapping[str, Any], known: Collection[str]) -> Violation:
    """What is wrong with an `op` that is none of the known ones."""
    if "op" not in parsed:
        return Violation(_OP_PATH, "required", None, None)
    if not isinstance(parsed["op"], str):
        return Violation(_OP_PATH, "type", "string", shown(parsed["op"]))
    return Violation(_OP_PATH, "enum", list(known), shown(parsed["op"]))


def misrouted(op: str, routing_key: str) -> Violation:
    """What is wrong with a known `op` that came under another routing key."""
    return Violation(_OP_PATH, "const", shown_text(routing_key), op)


def _violations(error: ErrorDetails, parsed: Mapping[str, Any]) -> Iterator[Violation]:
    if error["type"] != _RULES_BROKEN:
        yield _violation(error, parsed)
        return
    above = _path(error, parsed)
    for one in error["ctx"]["found"]:
        yield Violation((*above, *one.path), one.rule, shown(one.limit), shown(one.value))


def _violation(error: ErrorDetails, parsed: Mapping[str, Any]) -> Violation:
    kind, context, value = error["type"], error.get("ctx", {}), error["input"]
    if kind in CUSTOM_RULES:
        rule, limit = kind, context.get("limit")
    elif kind == "literal_error":
        rule, limit = _one_of(context["expected"])
    else:
        keyword = KEYWORDS[kind]
        rule, limit = keyword.rule_for(value), keyword.limit_in(context)
    if "value" in context:
        value = context["value"]
    elif rule == "required":
        value = None
    elif rule in _COUNTING:
        value = len(value)
    return Violation(_path(error, parsed), rule, shown(limit), shown(value))


def _one_of(expected: str) -> tuple[str, Any]:
    values = re.findall("'([^']*)'", expected)  # the validator has them as one text for people
    return ("const", values[0]) if len(values) == 1 else ("enum", values)


def _path(error: ErrorDetails, parsed: Mapping[str, Any]) -> tuple[str | int, ...]:
    """Keys that exist or are missing in the message itself; the validator's own steps are left out."""
    keys = error["loc"]
    if len(keys) > 1 and keys[-1] == _KEY_MARK and keys[-2] == error["input"]:
        keys = keys[:-1]
    path: list[str | int] = []
    node: Any = parsed
    for key in keys:
        match node, key:
            case Mapping(), str():
                path.append(shown_text(key))
                node = node.get(key)
            case list(), int():
                path.append(key)
                node = node[key]
    return tuple(path)


def shown_text(text: str) -> str:
    """The text, shortened, with U+FFFD for what no database stores."""
    storable = text[:SHOWN_MAX].encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return storable.replace("\x00", "\ufffd")


def shown(value: Any) -> Any:
    """The value as it may stand in an event: small, storable, and JSON."""
    match value:
        case None | bool():
            return value
        case int():
            return value if abs(value) < _INTEGER_SHOWN_MAX else shown_text(str(value))
        case str():
            return shown_text(value)
        case Decimal():
            return float(value) if Decimal(repr(float(value))) == value else shown_text(str(value))
        case list() if len(value) <= _LIST_SHOWN_MAX and all(isinstance(one, str) for one in value):
            return [shown_text(one) for one in value]
        case _:
            return shown_text(json.dumps(value, default=str, ensure_ascii=False))
