"""A small world of its own among many on the same servers: its providers, consumers and names are nobody else's.

What befalls a region follows from the claims and events of that region alone. So a run of a million claims can be
checked region by region, while the workers see the claims of many regions side by side.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from random import Random
from typing import Any, Final
from uuid import UUID

from tests.builders import claim_id, consumer_id, provider_id, uuid
from tests.simulation.load import Load

Body = dict[str, Any]

PLAIN_SHARE: Final = 0.93
"""Of the claims are cheap: amounts on one provider, which is what most claims are."""
RELEASES: Final = 0.4
PLAIN_CONSUMERS: Final = 200
FIRST_PLAIN: Final = 1_000
ROOM: Final = 400
OURS: Final = uuid(0xE, 0xFFFF)
"""An aggregate of all providers of a region, so that claims to be placed stay in it."""
UNPLACED: Final = "-0000-0000-0000-"
ID: Final = re.compile(r"-([0-9a-f]{4})-([0-9a-f]{4})-0000-")


class Region:
    """Claims of one region, as many as asked for, different each."""

    def __init__(self, number: int, seed: int) -> None:
        self.number = number
        self._random = Random(f"{seed} {number}")  # noqa: S311 - a run is repeated by its seed
        self._load = Load(self._random, lambda: datetime.now(UTC), hot=False)
        self._next = 1 << 32
        self._fleet = [*(body for body in self._load.fleet()), self._roomy()]

    def claim(self) -> bytes:
        """The next one: first what makes the providers."""
        if self._fleet:
            body = self._fleet.pop(0)
        elif self._random.random() < PLAIN_SHARE:
            body = self._plain()
        else:
            body = self._load.claim()
        return self._at_home(_within(body))

    def learn(self, event: bytes) -> None:
        """What publishers know of generations."""
        self._load.learn(json.loads(self._abroad(event.decode())))

    def id_of(self, number: int) -> str:
        """A claim id of this region that no other claim has."""
        return self._moved(claim_id((1 << 40) + number))

    def _at_home(self, body: Body) -> bytes:
        text = self._moved(json.dumps(body)).replace('"CUSTOM_', f'"CUSTOM_R{self.number}_')
        return re.sub(r'"(provider|renamed)-', rf'"\1-{self.number}-', text).encode()

    def _abroad(self, text: str) -> str:
        return ID.sub(UNPLACED, text)

    def _moved(self, text: str) -> str:
        return text.replace(UNPLACED, f"-{self.number >> 16:04x}-{self.number & 0xFFFF:04x}-0000-")

    def _roomy(self) -> Body:
        self._next += 1
        return {
            "op": "provider.declare", "claim_id": claim_id(self._next), "provider": provider_id(FIRST_PLAIN),
            "name": "provider-roomy", "inventories": {"VCPU": {"total": ROOM}}, "traits": [], "aggregates": [],
        }  # fmt: skip

    def _plain(self) -> Body:
        self._next += 1
        who = consumer_id(FIRST_PLAIN + self._random.randrange(PLAIN_CONSUMERS))
        identity = {"claim_id": claim_id(self._next)}
        if self._random.random() < RELEASES:
            return {"op": "allocation.release", **identity, "consumer": {"id": who}}
        allocations = {provider_id(FIRST_PLAIN): {"VCPU": self._random.randint(1, 8)}}
        consumer = {"id": who, "project": "p", "user": "u"}
        return {"op": "allocation.set", **identity, "consumer": consumer, "allocations": allocations}


def _within(body: Body) -> Body:
    """The same claim, its providers found among those of the region alone."""
    match body["op"]:
        case "provider.declare" | "provider_aggregates.replace":
            return {**body, "aggregates": [*body["aggregates"], OURS]}
        case "allocation.place":
            groups = {name: {**group, "member_of": [OURS]} for name, group in body["request"]["groups"].items()}
            return {**body, "request": {**body["request"], "groups": groups}}
        case _:
            return body


def region_of(identity: str) -> int:
    """The region that an id of a claim, provider or consumer is of; raises ValueError where it is no id."""
    return UUID(identity).int >> 64 & 0xFFFFFFFF


def region_of_name(name: str) -> int:
    """The region that a custom name is of."""
    return int(name.removeprefix("CUSTOM_R").partition("_")[0])


def of_region(number: int, named: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a region, from what stands under ids."""
    return {one: what for one, what in named.items() if region_of(one) == number}
