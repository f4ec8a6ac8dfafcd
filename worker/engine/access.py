"""Who sent a message, and what the access policy lets them do and see."""

from dataclasses import dataclass

from schemas.batch import BATCH_OP
from worker.messages import Delivery, Properties, on_behalf_of
from worker.placement.permissions import Permissions, Permit


@dataclass(frozen=True, slots=True)
class Access:
    """The policy at work; `speakers` are believed when they say on whose behalf they send."""

    permissions: Permissions
    speakers: frozenset[str] = frozenset()

    def user_of(self, properties: Properties) -> str | None:
        """On whose behalf a message came; None where that is not known."""
        return on_behalf_of(properties, self.speakers)

    def permit(self, delivery: Delivery, op: str) -> Permit:
        """What the sender may do under `op`; nothing in a message of several claims unless those are permitted too."""
        properties = delivery.properties
        user = properties.user_id
        if not user or user in self.speakers:
            user = self.user_of(properties)
        if delivery.place is not None:
            together = self.permissions(user, BATCH_OP)
            if not together.granted:
                return together
        return self.permissions(user, op)
