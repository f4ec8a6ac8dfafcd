"""Publishers: claims sent once or several times, alone or several in a message, and what should not have been sent."""

import asyncio
import json
from collections.abc import Sequence
from random import Random
from typing import Final

from schemas.batch import BATCH_OP
from tests.fakes.broker import FakeProperties, Message
from tests.simulation.broker import NaturalBroker
from tests.simulation.checker import Published
from tests.simulation.kinds import Kind
from tests.simulation.load import Body, Load
from tests.simulation.nature import Nature

UNREADABLE: Final = (
    (b"nonsense", "allocation.set"), (b'{"op": "allocation.set"}', "allocation.set"), (b'{"claim_id": 1}', "any.thing"),
    (b'{"op": "claims.batch", "claims": 7}', BATCH_OP), (b'{"op": "claims.batch", "claims": [', BATCH_OP),
)  # fmt: skip
BAD_MEMBERS: Final = ({"op": "trait.ensure"}, {"claim_id": 7}, 7, None, {"op": BATCH_OP, "claims": []})
REPLIES: Final = "allocation.replies.simulation"
TOGETHER_MAX: Final = 8
PATIENT: Final = 0.8
PATIENCE_S: Final = 5.0
POISONED_MAX: Final = 5
"""Of a run: with many more in a row a worker takes it for its own fault, and takes nothing until it is started anew."""


class Publishers:
    """`sent` is every message, each time it was sent; `poison` the claims that some part of the world never bears."""

    def __init__(self, nature: Nature, broker: NaturalBroker, queue: str, load: Load, random: Random) -> None:
        self.sent: list[Published] = []
        self.poison: dict[str, Kind] = {}
        self._nature, self._broker, self._queue, self._load = nature, broker, queue, load
        self._random = random
        self._together = random.choice((0.0, 0.1, 0.5, 1.0))
        self._poisonous = 0.0 if load.hot else random.choice((0.0, 0.0, 0.05))
        self._replied = random.choice((0.0, 0.1, 0.5))

    async def publish(self) -> None:
        """The whole load, in bursts; mostly once the providers are there."""
        random = self._random
        for body in self._load.fleet():
            self._send(_encoded(body), str(body["op"]))
        if random.random() < PATIENT:
            await self._broker.settled_within(self._queue, PATIENCE_S)
        burst_s = random.choice((0.001, 0.01, 0.1, 0.3))
        left = random.randint(10, 120 if self._load.hot else 60)
        while left > 0:
            count = random.randint(2, TOGETHER_MAX) if random.random() < self._together else 1
            left -= count
            self._send_claims(count)
            if random.random() < 0.03:
                self._nature.happened[Kind.UNREADABLE] += 1
                self._send(*random.choice(UNREADABLE))
            if random.random() < 0.3:
                await asyncio.sleep(random.expovariate(1 / burst_s))

    def again(self) -> None:
        """Some message once more, whose publisher does not know whether it had arrived."""
        self._nature.happened[Kind.DUPLICATED] += 1
        body = self._random.choice(self.sent).body
        self._send(body, _key_of(body))

    def _send_claims(self, count: int) -> None:
        """So many claims, in one message where they are several."""
        bodies = [copy for _ in range(count) for copy in self._copies(self._claim())]
        if count == 1:
            for body in bodies:
                self._send(_encoded(body), str(body["op"]))
            return
        self._nature.happened[Kind.BATCHED] += 1
        members: list[object] = list(bodies)
        if self._random.random() < 0.1:
            self._nature.happened[Kind.BAD_MEMBER] += 1
            members.insert(self._random.randint(0, len(members)), self._random.choice(BAD_MEMBERS))
        message = _encoded({"op": BATCH_OP, "claims": members})
        for _ in range(1 + self._happens(0.1, Kind.DUPLICATED)):
            self._send(message, BATCH_OP)

    def _claim(self) -> Body:
        body = self._load.claim()
        if len(self.poison) < POISONED_MAX and self._random.random() < self._poisonous:
            kind = self._random.choice((Kind.POISONED_STORE, Kind.POISONED_ENGINE))
            self._nature.happened[kind] += 1
            self.poison[body["claim_id"]] = kind
        return body

    def _copies(self, body: Body) -> Sequence[Body]:
        """A claim as often as it is sent, the fields in whatever order; now and then with another one under its id."""
        if self._happens(0.02, Kind.REUSED):
            return [body, {**body, "deadline": "2027-01-01T00:00:00Z"}]
        if self._happens(0.13, Kind.DUPLICATED):
            return [body, self._random.choice((body, dict(reversed(body.items()))))]
        return [body]

    def _happens(self, likelihood: float, kind: Kind) -> bool:
        happens = self._random.random() < likelihood
        self._nature.happened[kind] += happens
        return happens

    def _send(self, body: bytes, key: str) -> None:
        self.sent.append(Published(body))
        number = str(len(self.sent))
        reply_to = REPLIES if self._random.random() < self._replied else None
        properties = FakeProperties(correlation_id=number, message_id=number, reply_to=reply_to)
        queue = self._broker.queues[self._queue]
        place = self._random.randint(0, len(queue)) if self._random.random() < 0.1 else len(queue)
        queue.insert(place, Message(body, key, properties))
        self._broker.pump()


def _encoded(body: Body) -> bytes:
    return json.dumps(body).encode()


def _key_of(body: bytes) -> str:
    try:
        return str(json.loads(body)["op"])
    except (ValueError, KeyError):
        return "allocation.set"
