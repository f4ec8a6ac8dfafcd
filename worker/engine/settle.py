"""Which deliveries of a channel are settled, and the fewest acknowledgements that say so."""

from collections.abc import Sequence
from dataclasses import dataclass

from worker.messages import Delivery, Place


@dataclass(frozen=True, slots=True)
class Acks:
    """Tags to acknowledge one by one, the tag up to which everything is settled, if there is one; messages in all."""

    singly: tuple[int, ...]
    up_to: int | None
    messages: int


class Settler:
    """The tags of one channel, which the broker numbers from 1 without gaps.

    An acknowledgement of many is only given up to a tag below which everything is settled, and that was not
    acknowledged before: the broker closes the channel on a tag that it does not know any more. A message of several
    claims is settled with the last of them.
    """

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self._lowest_open = 1
        self._settled: set[int] = set()
        self._members_open: dict[int, int] = {}

    def settle(self, deliveries: Sequence[Delivery]) -> Acks:
        """The acknowledgements for these; deliveries of other epochs are dropped, their tags are dead."""
        tags = {
            delivery.tag
            for delivery in deliveries
            if delivery.epoch == self.epoch and (delivery.place is None or self._is_last(delivery.tag, delivery.place))
        }
        self._settled |= tags
        while self._lowest_open in self._settled:
            self._settled.remove(self._lowest_open)
            self._lowest_open += 1
        below = [tag for tag in tags if tag < self._lowest_open]
        singly = tuple(sorted(tag for tag in tags if tag > self._lowest_open))
        return Acks(singly, max(below, default=None), len(tags))

    def _is_last(self, tag: int, place: Place) -> bool:
        """Whether no claim of that message is left to be settled."""
        left = self._members_open.pop(tag, place.members) - 1
        if left:
            self._members_open[tag] = left
        return not left
