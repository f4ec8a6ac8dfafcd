"""A channel to publish on whose messages cost a future a batch: written at once, the answers taken as they arrive."""

from collections.abc import Sequence
from typing import Final

from aiormq.abc import AbstractChannel
from aiormq.exceptions import ChannelInvalidStateError
from pamqp.commands import Basic

from worker.messages import Outgoing
from worker.rabbit.confirms import Confirms, Receipt, return_keys
from worker.rabbit.connection import Link, when_closed
from worker.rabbit.frames import publishes
from worker.rabbit.properties import id_of
from worker.rabbit.taps import AnswerTap


class BulkChannel:
    """`channel` of `link`, newly opened with confirms; nobody else may publish on it."""

    def __init__(self, link: Link, channel: AbstractChannel) -> None:
        self.channel: Final = channel
        self._link = link
        self._confirms = Confirms()
        link.tap(channel, AnswerTap(self._return, self._confirms.confirm))
        when_closed(channel.closing, self._fail)

    @property
    def is_closed(self) -> bool:
        return self.channel.is_closed

    async def publish(self, messages: Sequence[Outgoing], mandatory: bool) -> Receipt:
        """Write all messages at once and wait until each is answered. Raises what closed the channel."""
        if self.is_closed:
            raise ChannelInvalidStateError("the channel is closed")
        ids = [id_of(message) for message in messages]
        payload = publishes(self.channel.number, messages, ids, mandatory, self._link.frame_max_bytes)
        batch = self._confirms.expect(len(messages), return_keys(messages, ids) if mandatory else frozenset())
        try:
            self._link.write(payload)
            return await batch.answered
        finally:
            self._confirms.forget(batch)

    def _return(self, frame: Basic.Return, properties: Basic.Properties) -> None:
        self._confirms.returned((frame.exchange, frame.routing_key, properties.message_id))

    def _fail(self, error: BaseException | None) -> None:
        self._confirms.fail(error or ChannelInvalidStateError("the channel was closed"))
