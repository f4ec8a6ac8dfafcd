"""Claims looked through before they are sent, so that a slip costs no round trip."""

from schemas.cloudevents import encode
from schemas.decode import Unreadable, claim_id_of, parse, validate
from worker.cli.client import Sent
from worker.cli.compose import Fields
from worker.cli.endings import WrongUse
from worker.cli.screen import complain


def encoded(fields: Fields) -> bytes:
    """The message; WrongUse where it has what no message can."""
    try:
        return encode(fields)
    except (ValueError, RecursionError) as error:
        raise WrongUse(f"This cannot be sent: {error}.") from None


def awaited_id(fields: Fields) -> str:
    """The id under which the outcome of a claim comes, however its own is spelled."""
    try:
        return claim_id_of(fields)
    except Unreadable:
        return str(fields.get("claim_id"))


def is_right(sent: Sent, whose: str = "") -> bool:
    """Whether it keeps to the contract; what does not is told, after the words for `whose` it is. Raises Unreadable."""
    outcome = validate(parse(sent.body), sent.op)
    if not isinstance(outcome, tuple):
        return True
    for violation in outcome:
        limit = "" if violation.limit is None else f" {violation.limit}"
        where = ".".join(map(str, violation.path)) or "the claim"
        complain(f"{whose}{where} breaks the rule {violation.rule}{limit} (--no-check sends it anyway).")
    return False
