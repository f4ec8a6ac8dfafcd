"""What every claim has, whatever it asks."""

from schemas.absent import Absentable
from schemas.message import Message
from schemas.text import Moment, Uuid


class ClaimEnvelope(Message):
    """`claim_id` names the claim for good: the same one again gets the same outcome."""

    claim_id: Uuid
    deadline: Absentable[Moment] = None
