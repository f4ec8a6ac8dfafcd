"""What is published, in what order: claims of several regions side by side, alone or together; bad ones too."""

import hashlib
import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Final, NamedTuple
from uuid import UUID

from tests.chaos.journal import NOWHERE
from tests.chaos.region import Region

REGIONS_AT_ONCE: Final = 6
CLAIMS_A_REGION: Final = 10_000
TOGETHER: Final = 0.6
"""Of the messages have many claims; these are nearly all of the claims then."""
TOGETHER_MAX: Final = 64
RECENT: Final = 2_000
REPEATED, REUSED, WRONG, STALE = 0.01, 0.003, 0.005, 0.01
"""How many of the claims come again, under an id that is known, say something wrong, or rest on what is long gone."""
UNREADABLE, OVERSIZED, ELSEWHERE = 0.02, 0.0005, 0.005
"""How many of the messages are not to be read, are too large, or were sent under a key that is not theirs."""
OVER_THE_LIMIT_BYTES: Final = 1_048_577
GONE_GENERATION: Final = 1_000_000


class Claim(NamedTuple):
    """What is written down of a claim: the region it is of, and its bytes."""

    region: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """A message to the claims' exchange. `keys`: what has to arrive, each once or more, before it is settled."""

    body: bytes
    routing_key: str
    keys: tuple[str, ...]
    claims: tuple[Claim, ...]


class Mix:
    """Messages without end; the same ones for the same seed, as far as they do not rest on what was learnt."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._random = Random(f"mix {seed}")  # noqa: S311 - a run is repeated by its seed
        self._count = 0
        self._made = 0
        self._recent: deque[Claim] = deque(maxlen=RECENT)
        self._regions: dict[int, Region] = {}
        self._claims_left: dict[int, int] = {}
        self._begun = 0

    @property
    def made(self) -> int:
        """Claims so far."""
        return self._made

    def region(self, number: int) -> Region | None:
        """A region while claims of it are made."""
        return self._regions.get(number)

    def messages(self) -> Iterator[Message]:
        """One after the other."""
        while True:
            yield self._message()

    def _message(self) -> Message:
        chance = self._random.random()
        if chance < OVERSIZED:
            return self._alone_unreadable(self._oversized())
        if chance < OVERSIZED + UNREADABLE:
            return self._alone_unreadable(self._unreadable())
        if self._random.random() >= TOGETHER:
            claim, keys = self._claim()
            op = str(json.loads(claim.body).get("op"))
            key = "allocation.elsewhere" if self._random.random() < ELSEWHERE else op
            return Message(claim.body, key, keys, (claim,))
        return self._together(self._random.randint(2, TOGETHER_MAX))

    def _together(self, count: int) -> Message:
        made = [self._claim() for _ in range(count)]
        claims = [claim for claim, _ in made]
        keys = [key for _, some in made for key in some]
        if self._random.random() < UNREADABLE:
            bad = json.dumps({"op": "allocation.set", "note": self._counted()}).encode()
            claims.append(Claim(NOWHERE, bad))
            keys.append(letter_key(bad))
        body = b'{"op":"claims.batch","claims":[' + b",".join(claim.body for claim in claims) + b"]}"
        return Message(body, "claims.batch", tuple(keys), tuple(claims))

    def _claim(self) -> tuple[Claim, tuple[str, ...]]:
        self._made += 1
        chance = self._random.random()
        if self._recent and chance < REPEATED + REUSED:
            known = self._random.choice(self._recent)
            if chance < REPEATED:
                return known, ()
            self._recent.remove(known)
            return self._reused(known)
        region = self._drawn_region()
        body = region.claim()
        if chance > 1 - WRONG - STALE:
            body = self._stale(body) if chance > 1 - STALE else self._wrong(body)
        claim = Claim(region.number, body)
        self._recent.append(claim)
        return claim, (json.loads(body)["claim_id"],)

    def _reused(self, known: Claim) -> tuple[Claim, tuple[str, ...]]:
        """Another claim under a known id: one of the two has the outcome, the other is set aside."""
        identity = json.loads(known.body)["claim_id"]
        body = json.dumps(
            {"op": "trait.ensure", "claim_id": identity, "name": f"CUSTOM_R{known.region}_{self._counted()}"}
        )
        return Claim(known.region, body.encode()), (reused_key(identity),)

    def _wrong(self, body: bytes) -> bytes:
        return json.dumps({**json.loads(body), "no_such_field": self._counted()}).encode()

    def _stale(self, body: bytes) -> bytes:
        claim: dict[str, Any] = json.loads(body)
        if "consumer" in claim:
            claim["consumer"] = {**claim["consumer"], "generation": self._random.choice((1, GONE_GENERATION))}
        elif "generation" in claim:
            claim["generation"] = GONE_GENERATION
        return json.dumps(claim).encode()

    def _alone_unreadable(self, body: bytes) -> Message:
        return Message(body, "allocation.set", (letter_key(body),), (Claim(NOWHERE, body),))

    def _unreadable(self) -> bytes:
        number = self._counted()
        return self._random.choice((
            f'{{"op": "allocation.set", "cut": {number}'.encode(),
            b"\xff\xfe\x00" + str(number).encode(),
            f'["a list", {number}]'.encode(),
            json.dumps({"op": "allocation.release", "claim_id": f"no id {number}"}).encode(),
            json.dumps({"op": "claims.batch", "claims": f"none {number}"}).encode(),
            f'{{"number": {number}, "number": {number}}}'.encode(),
        ))  # fmt: skip

    def _oversized(self) -> bytes:
        return json.dumps(
            {"op": "allocation.set", "number": self._counted(), "text": "x" * OVER_THE_LIMIT_BYTES}
        ).encode()

    def _counted(self) -> int:
        self._count += 1
        return self._count

    def _drawn_region(self) -> Region:
        while len(self._regions) < REGIONS_AT_ONCE:
            self._regions[self._begun] = Region(self._begun, self._seed)
            self._claims_left[self._begun] = CLAIMS_A_REGION
            self._begun += 1
        number = self._random.choice(list(self._regions))
        region = self._regions[number]
        self._claims_left[number] -= 1
        if self._claims_left[number] == 0:
            del self._regions[number], self._claims_left[number]
        return region


def letter_key(body: bytes) -> str:
    """What the arrival of a dead letter settles: its content, or the id under which another claim is known."""
    try:
        said = json.loads(body)
        content = json.dumps(said, sort_keys=True).encode()
    except ValueError:
        return f"letter {hashlib.sha256(body).hexdigest()}"
    try:
        return reused_key(str(UUID(said["claim_id"])))
    except (ValueError, TypeError, KeyError, AttributeError):
        return f"letter {hashlib.sha256(content).hexdigest()}"


def reused_key(identity: str) -> str:
    """Of the letter that sets the other claim under that id aside."""
    return f"reused {identity}"
