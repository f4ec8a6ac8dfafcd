"""Publisher and subscriber, a program of its own that nothing befalls: it speaks to the broker alone, not by the proxy.

It publishes claims as long as not too many are unsettled, confirmed, and again in doubt; it writes down what it
publishes and every event and dead letter that arrives. It tells how far it is on its standard output, a line of JSON
at a time. Words on its standard input:

- `republish`: all that is not settled, since the operator has lost the queue;
- `since MOMENT`: tell when the first event decided after that arrives;
- `until COUNT`: make as many claims, and no more than that for now;
- `more COUNT`: make so many more, whatever was said before;
- `finish`: end when all is settled;
- `stop`: wait no longer for what is not settled.
"""

import argparse
import asyncio
import json
import logging
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from schemas.parked import ParkedHeader
from tests.chaos.journal import EVENTS, LETTERS, NOWHERE, PUBLISHED, Journal
from tests.chaos.mix import Message, Mix, letter_key, reused_key
from tests.chaos.region import region_of
from worker.cli.loop import run_in_loop
from worker.faults import Fault
from worker.messages import Delivery, Outgoing
from worker.rabbit.connection import Broker
from worker.rabbit.consumer import Consumer
from worker.rabbit.publisher import Publisher
from worker.rabbit.topology import Names
from worker.settings import BrokerSettings, load

UNSETTLED_MAX: Final = 3_000
WINDOW: Final = 20
"""Messages published at once."""
FRESH: Final = 20
HEARD: Final = "heard"
PREFETCH: Final = 4_000
HEARTBEAT_S: Final = 2
CONFIRM_MS: Final = 10_000
AGAIN_AFTER_S: Final = 0.05
ACK_EVERY_S: Final = 0.02
TELL_EVERY_S: Final = 0.5
LEARN_EVERY: Final = 8
"""Events of which one is read for what it tells of generations: publishers do not know all, and not at once."""
HEAD: Final = re.compile(rb'"time":"([^"]+)".*?"(?:claimid|causeid)":"([0-9a-f-]{36})"')
OUTCOME: Final = b'"claimid":'


class Side:
    """What is published and what arrives."""

    def __init__(self, settings: BrokerSettings, journal: Journal, mix: Mix) -> None:
        names = Names(settings.prefix)
        self._broker = Broker(settings.broker_url.get_secret_value(), HEARTBEAT_S, "publisher and subscriber")
        self._publisher = Publisher(self._broker, CONFIRM_MS)
        self._exchange = names.claims
        self._queues = {f"{settings.prefix}.{HEARD}": self._event, names.dead: self._letter}
        self._journal = journal
        self._mix = mix
        self._pending: dict[str, Message] = {}
        self._room = asyncio.Event()
        self._again: list[Message] = []
        self._until = 0
        self._finishing = False
        self._given_up = False
        self._since: float | None = None
        self._arrived = 0
        self._doubts = 0
        # By the letter awaited: the first claim under its id, which may be the one that is set aside.
        self._firsts: dict[str, Message] = {}

    async def run(self) -> None:
        """Until told to finish, and all claims are made and settled."""
        async with asyncio.TaskGroup() as tasks:
            beside = [tasks.create_task(self._hear(queue, take)) for queue, take in self._queues.items()]
            beside += [tasks.create_task(self._obey()), tasks.create_task(self._tell())]
            await self._publish()
            for task in beside:
                task.cancel()
        self._say(done=True, **self._figures())

    async def _publish(self) -> None:
        messages = self._mix.messages()
        while not self._given_up:
            if not self._again and self._has_to_wait:
                if self._finishing and not self._pending:
                    return
                self._room.clear()
                await self._room.wait()
                continue
            await self._sent(self._window(messages))

    @property
    def _has_to_wait(self) -> bool:
        return len(self._pending) > UNSETTLED_MAX or self._mix.made >= self._until

    def _window(self, messages: Iterator[Message]) -> list[Message]:
        """The next messages, written down; those to be sent again first."""
        if self._again:
            again, self._again = self._again, []
            return again
        window: list[Message] = []
        for message in messages:
            window.append(message)
            for claim in message.claims:
                self._journal.add(PUBLISHED, claim.region, claim.body)
            self._pending.update(dict.fromkeys(message.keys, message))
            if len(window) == WINDOW or self._mix.made >= self._until:
                break
        return window

    async def _sent(self, messages: Sequence[Message]) -> None:
        """Once the broker has confirmed that all are in the queue; in doubt they are sent again."""
        outgoing = [
            Outgoing(self._exchange, one.routing_key, one.body, content_type="application/json") for one in messages
        ]
        while outgoing:
            try:
                await self._publisher.open()
                await self._publisher.publish_all(outgoing, mandatory=True)
            except Fault:
                self._doubts += 1
                await asyncio.sleep(AGAIN_AFTER_S)
            else:
                return

    async def _hear(self, queue: str, take: Callable[[Delivery], None]) -> None:
        """Take what arrives for ever, on a new connection whenever one is lost; settled once it is written down."""
        consumer = Consumer(self._broker, queue, PREFETCH)
        while True:
            lost = asyncio.Event()
            tag = 0

            def sink(delivery: Delivery) -> None:
                nonlocal tag
                take(delivery)
                tag = delivery.tag

            def end(_: BaseException | None, lost: asyncio.Event = lost) -> None:
                lost.set()

            try:
                epoch = await consumer.open(sink, end)
                while not lost.is_set():
                    await asyncio.sleep(ACK_EVERY_S)
                    if tag:
                        consumer.ack(epoch, (), tag)
                        tag = 0
            except Fault:
                await asyncio.sleep(AGAIN_AFTER_S)

    def _event(self, delivery: Delivery) -> None:
        body, found = delivery.body, HEAD.search(delivery.body)
        if found is None:
            raise ValueError(f"an event without time and claim: {body[:200]!r}")
        cause = found[2].decode()
        region = region_of(cause)
        self._journal.add(
            EVENTS, region, str(delivery.properties.message_id).encode(), delivery.routing_key.encode(), body
        )
        self._arrived += 1
        if self._since is not None and datetime.fromisoformat(found[1].decode()).timestamp() > self._since:
            self._say(first_since=self._since, at=time.time())
            self._since = None
        if OUTCOME in found[0]:
            self._keep_for_its_letter(cause)
            self._settle(cause)
        if self._arrived % LEARN_EVERY == 0 and (known := self._mix.region(region)) is not None:
            known.learn(body)

    def _letter(self, delivery: Delivery) -> None:
        key = letter_key(delivery.body)
        region = region_of(key.removeprefix("reused ")) if key.startswith("reused ") else NOWHERE
        reason = (delivery.properties.headers or {})[ParkedHeader.REASON.value]
        self._journal.add(LETTERS, region, delivery.body, str(reason).encode())
        self._firsts.pop(key, None)
        self._settle(key)

    def _keep_for_its_letter(self, identity: str) -> None:
        """The outcome may be that of another claim under the id: then this one has no letter, if its queue is lost."""
        letter = reused_key(identity)
        if letter in self._pending and identity in self._pending:
            self._firsts[letter] = self._pending[identity]

    def _settle(self, key: str) -> None:
        self._pending.pop(key, None)
        self._room.set()

    async def _obey(self) -> None:
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := (await reader.readline()).decode():
            word, _, rest = line.strip().partition(" ")
            match word:
                case "republish":
                    unsettled = (*self._pending.values(), *self._firsts.values())
                    self._again = list({id(message): message for message in unsettled}.values())
                    self._room.set()
                case "since":
                    self._since = float(rest)
                    self._more(FRESH)
                case "more":
                    self._more(int(rest))
                case "until":
                    self._until = int(rest)
                    self._room.set()
                case "finish":
                    self._finishing = True
                    self._room.set()
                case "stop":
                    self._given_up = True
                    self._room.set()
                case _:
                    raise ValueError(word)

    def _more(self, claims: int) -> None:
        """So that there is something to decide, be it more than was asked for."""
        self._until = max(self._until, self._mix.made + claims)
        self._room.set()

    async def _tell(self) -> None:
        while True:
            self._say(**self._figures())
            await asyncio.sleep(TELL_EVERY_S)

    def _figures(self) -> dict[str, Any]:
        return {
            "made": self._mix.made, "unsettled": len(self._pending), "events": self._arrived, "doubts": self._doubts,
            "examples": list(self._pending)[:3],
        }  # fmt: skip

    @staticmethod
    def _say(**what: Any) -> None:
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()


async def main(arguments: Sequence[str]) -> None:
    """Publish claims, and hear of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.side", description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--journal", type=Path, required=True)
    options = parser.parse_args(arguments)
    with Journal(options.journal) as journal:
        await Side(load(BrokerSettings), journal, Mix(options.seed)).run()


if __name__ == "__main__":
    # what the client library says of every connection that it cannot have
    logging.getLogger("aiormq").setLevel(logging.CRITICAL)
    run_in_loop(main(sys.argv[1:]))
