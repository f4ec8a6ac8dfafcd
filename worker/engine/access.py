"""Who sent a message, and what the access policy lets them do and see."""

from dataclasses import dataclass
from typing import Final

from schemas.batch import BATCH_OP
from worker.messages import ORIGINAL_USER, Delivery, Properties
from worker.placement.permissions import Permissions, Permit

USER_CHARACTERS_MAX: Final = 255


@dataclass(frozen=True, slots=True)
class Access:
    """The policy at work. `speakers` are believed when they say on whose behalf they send (`ORIGINAL_USER`).

    A broker takes no message under a foreign user id, so whoever a message names sent it; it need not name anybody.
    """

    permissions: Permissions
    speakers: frozenset[str] = frozenset()

    def user_of(self, properties: Properties) -> str | None:
        """On whose behalf a message came; None where that is not known."""
        user = properties.user_id
        if user not in self.speakers:
            return user or None
        named = (properties.headers or {}).get(ORIGINAL_USER, user)
        return named if isinstance(named, str) and 0 < len(named) <= USER_CHARACTERS_MAX else None

    def permit(self, delivery: Delivery, op: str) -> Permit:
        """What the sender may do under `op`; nothing in a message of several claims unless those are permitted too."""
        user = self.user_of(delivery.properties)
        if delivery.place is not None:
            together = self.permissions(user, BATCH_OP)
            if not together.granted:
                return together
        return self.permissions(user, op)
