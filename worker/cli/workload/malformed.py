"""Messages that cannot be taken, and the reason for which each is to be parked."""

import json
from typing import Final

from schemas.parked import ParkedReason
from worker.cli.client import Sent

OP: Final = "allocation.set"
BODIES: Final[tuple[tuple[ParkedReason, bytes], ...]] = (
    (ParkedReason.NOT_JSON, b'{"op": "allocation.set", "claim_id": '),
    (ParkedReason.NO_CLAIM_ID, b'{"op": "allocation.set", "consumer": {}}'),
    (ParkedReason.NOT_UTF8, b'{"op": "allocation.set", "claim_id": "\xff\xfe"}'),
    (ParkedReason.NOT_AN_OBJECT, b'["allocation.set"]'),
)
REASONS: Final = (*(reason for reason, _ in BODIES), ParkedReason.CLAIM_ID_REUSED)


def malformed(turn: int, known: Sent) -> tuple[ParkedReason, Sent]:
    """The reasons take turns; `known` is a claim that has its outcome, for another body under its id."""
    turn %= len(REASONS)
    if turn < len(BODIES):
        reason, body = BODIES[turn]
        return reason, Sent(OP, f"malformed {turn}", body)
    other = json.loads(known.body) | {"deadline": "2100-01-01T00:00:00Z"}
    return ParkedReason.CLAIM_ID_REUSED, Sent(known.op, known.claim_id, json.dumps(other).encode())
