"""From the bytes of a claim to its model, or to what is wrong with it.

`parse` says what cannot be read at all (Unreadable), `validate` what can be read but is wrong (Violations).
"""

from typing import Any, Final

from pydantic import ValidationError

from schemas.claims import CLAIM_BY_OP, AnyClaim
from schemas.violations import Violation, misrouted, violations_of, wrong_op
from schemas.wire import Unreadable, UnreadableReason, claim_id_of, fingerprint, object_of, parse, read_object

__all__ = [
    "Unreadable",
    "UnreadableReason",
    "Violation",
    "claim_id_of",
    "fingerprint",
    "object_of",
    "parse",
    "read_object",
    "validate",
]

_VALIDATE_BY_OP: Final = {op: model.__pydantic_validator__.validate_python for op, model in CLAIM_BY_OP.items()}


def validate(parsed: dict[str, Any], routing_key: str) -> AnyClaim | tuple[Violation, ...]:
    """The claim, or all that is wrong with it (at least one violation)."""
    op = parsed.get("op")
    if not isinstance(op, str) or op not in _VALIDATE_BY_OP:
        return (wrong_op(parsed, CLAIM_BY_OP),)
    if op != routing_key:
        return (misrouted(op, routing_key),)
    try:
        claim: AnyClaim = _VALIDATE_BY_OP[op](parsed)
    except ValidationError as error:
        return violations_of(error, parsed)
    return claim
