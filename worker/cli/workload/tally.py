"""What came of claims: outcomes by code, how long each took, and whether each was told in one version only."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

Told = Mapping[str, Any]
PERCENTILES: Final = (0.50, 0.95, 0.99)


@dataclass(slots=True)
class Waiting:
    """A claim that was sent: when first, what was said, how often, and how often it has to be."""

    sent_at: float
    then: Callable[[Told], None]
    owed: int = 1
    said: bytes | None = None
    said_times: int = 0


@dataclass(slots=True)
class Tally:
    """Follows claims by their ids; events of other publishers' claims are not its own."""

    now: Callable[[], float]
    claims: dict[str, Waiting] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    latencies_s: list[float] = field(default_factory=list)
    answered: int = 0
    answered_again: int = 0
    repeated: set[str] = field(default_factory=set)
    other_words: set[str] = field(default_factory=set)
    """Claims with two versions of their outcome."""

    @property
    def unanswered(self) -> int:
        """Claims without an outcome."""
        return len(self.claims) - self.answered

    def send(self, claim_id: str, then: Callable[[Told], None]) -> None:
        """The claim goes out now, for the first time."""
        self.claims[claim_id] = Waiting(self.now(), then)

    def send_again(self, claim_id: str) -> None:
        """The very same message goes out once more.

        Where its outcome is known it is owed once more; where not, the two may meet in one batch and share it.
        """
        self.repeated.add(claim_id)
        self.claims[claim_id].owed += self.claims[claim_id].said is not None

    def hear(self, event: Told, words: bytes) -> bool:
        """Whether this is the first outcome of a claim followed here."""
        claim = self.claims.get(event.get("claimid", ""))
        if claim is None:
            return False
        claim.said_times += 1
        if claim.said is not None:
            self.answered_again += 1
            if claim.said != words:
                self.other_words.add(event["claimid"])
            return False
        claim.said = words
        self.answered += 1
        self.latencies_s.append(self.now() - claim.sent_at)
        self.outcomes[code_of(event)] += 1
        claim.then(event)
        return True

    def is_settled(self, claim_id: str) -> bool:
        """Whether it was sent and has its outcome."""
        return claim_id in self.claims and self.claims[claim_id].said is not None

    def repeats_unanswered(self) -> int:
        """Repetitions of settled claims that are still to be answered."""
        return sum(max(0, self.claims[one].owed - self.claims[one].said_times) for one in self.repeated)


def code_of(event: Told) -> str:
    """The code of a rejection, else the event's type."""
    return str(event["data"]["code"] if event["type"] == "claim.rejected" else event["type"])


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that so large a share of all is not above; 0 where there is none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]
