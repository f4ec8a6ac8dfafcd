"""Which deliveries of a channel are settled, and the fewest acknowledgements that say so."""

from collections.abc import Sequence
from dataclasses import dataclass

from worker.messages import Delivery


@dataclass(frozen=True, slots=True)
class Acks:
    """Tags to acknowledge one by one, and the tag up to which everything is settled, if there is one."""

    singly: tuple[int, ...]
    up_to: int | None


class Settler:
    """The tags of one channel, which the broker numbers from 1 without gaps.

    An acknowledgement of many is only given up to a tag below which everything is settled, and that was not
    acknowledged before: the broker closes the channel on a tag that it does not know any more.
    """

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self._lowest_open = 1
        self._settled: set[int] = set()

    def settle(self, deliveries: Sequence[Delivery]) -> Acks:
        """The acknowledgements for these; deliveries of other epochs are dropped, their tags are dead."""
        tags = {delivery.tag for delivery in deliveries if delivery.epoch == self.epoch}
        self._settled |= tags
        while self._lowest_open in self._settled:
            self._settled.remove(self._lowest_open)
            self._lowest_open += 1
        below = [tag for tag in tags if tag < self._lowest_open]
        singly = tuple(sorted(tag for tag in tags if tag > self._lowest_open))
        return Acks(singly, max(below, default=None))
