"""The public way to publish and to consume, a task and a future a message: slower, the same promises."""

import asyncio
from collections.abc import Sequence
from typing import Final

from aiormq.abc import AbstractChannel, DeliveredMessage
from aiormq.exceptions import DeliveryError, PublishError
from pamqp.commands import Basic

from worker.messages import Outgoing
from worker.rabbit.confirms import Receipt
from worker.rabbit.properties import id_of, properties_of


class PlainChannel:
    """A channel that publishes through `basic_publish`."""

    def __init__(self, channel: AbstractChannel, frame_max_bytes: int) -> None:
        self.channel: Final = channel
        self._frame_max_bytes = frame_max_bytes

    @property
    def is_closed(self) -> bool:
        return self.channel.is_closed

    async def publish(self, messages: Sequence[Outgoing], mandatory: bool) -> Receipt:
        """Publish all messages and wait until each is answered. Raises what closed the channel."""
        if mandatory:
            # aiormq tells returned messages by their id, which two parked ones may share (hazard 5)
            receipts = [await self._publish(message, mandatory) for message in messages]
        else:
            answers = await asyncio.gather(*(self._publish(message, mandatory) for message in messages))
            receipts = list(answers)
        return Receipt(sum(each.refused for each in receipts), sum(each.returned for each in receipts))

    async def _publish(self, message: Outgoing, mandatory: bool) -> Receipt:
        try:
            await self.channel.basic_publish(
                message.body,
                exchange=message.exchange,
                routing_key=message.routing_key,
                properties=properties_of(message, id_of(message), self._frame_max_bytes),
                mandatory=mandatory,
            )
        except PublishError:
            return Receipt(returned=1)
        except DeliveryError:
            return Receipt(refused=1)
        return Receipt()


def parts(message: DeliveredMessage) -> tuple[Basic.Deliver, Basic.Properties, bytes]:
    """What a delivery is made of."""
    frame = message.delivery
    if not isinstance(frame, Basic.Deliver):
        raise TypeError(f"{type(frame).__name__} is no delivery")
    return frame, message.header.properties, message.body
