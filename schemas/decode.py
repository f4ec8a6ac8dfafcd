"""From the bytes of a claim to its model, or to what is wrong with it.

`parse` says what cannot be read at all (Unreadable), `validate` what can be read but is wrong (Violations).
"""

from typing import Any, Final

from pydantic import ValidationError

from schemas.claims import CLAIM_BY_OP, AnyClaim
from schemas.violations import Violation, shown, violations_of
from schemas.wire import Unreadable, UnreadableReason, claim_id_of, fingerprint, parse, read_object

__all__ = [
    "Unreadable",
    "UnreadableReason",
    "Violation",
    "claim_id_of",
    "fingerprint",
    "parse",
    "read_object",
    "validate",
]

_VALIDATE_BY_OP: Final = {op: model.__pydantic_validator__.validate_python for op, model in CLAIM_BY_OP.items()}
_OP_PATH: Final = ("op",)


def validate(parsed: dict[str, Any], routing_key: str) -> AnyClaim | tuple[Violation, ...]:
    """The claim, or all that is wrong with it (at least one violation)."""
    op = parsed.get("op")
    if op != routing_key or op not in CLAIM_BY_OP:
        return (_wrong_op(parsed, routing_key),)
    try:
        claim: AnyClaim = _VALIDATE_BY_OP[op](parsed)
    except ValidationError as error:
        return violations_of(error)
    return claim


def _wrong_op(parsed: dict[str, Any], routing_key: str) -> Violation:
    if "op" not in parsed:
        return Violation(_OP_PATH, "required", None, None)
    op = parsed["op"]
    if not isinstance(op, str):
        return Violation(_OP_PATH, "type", "string", shown(op))
    if op not in CLAIM_BY_OP:
        return Violation(_OP_PATH, "enum", list(CLAIM_BY_OP), shown(op))
    return Violation(_OP_PATH, "const", shown(routing_key), op)
