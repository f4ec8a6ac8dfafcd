"""How bad a run is: how likely each fault is and how long things take, drawn from the seed."""

from dataclasses import dataclass
from random import Random
from typing import Final

STORE_STEPS: Final = (
    "begin", "load", "portion", "keep_fresh", "refresh", "read", "lock", "write", "commit", "probe",
    "unconfirmed", "confirm", "prune",
)  # fmt: skip
CONSUMER_STEPS: Final = ("open", "cancel", "close")
PUBLISHER_STEPS: Final = ("open", "prepare", "probe", "publish", "confirmed", "reply")
STEPS: Final = (
    *(f"store.{step}" for step in STORE_STEPS),
    *(f"consumer.{step}" for step in CONSUMER_STEPS),
    *(f"publisher.{step}" for step in PUBLISHER_STEPS),
)
"""Everything that a worker asks of the world and has to wait for."""
RARE_STEPS: Final = (
    "store.load", "store.refresh", "store.refresh", "store.unconfirmed", "store.confirm", "store.confirm",
    "store.confirm", "store.prune", "store.prune", "consumer.cancel", "publisher.reply", "publisher.reply",
)  # fmt: skip
"""So that workers die at these as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """Likelihoods are per step, `_every_s` the mean time between events that nobody's step brings about.

    `late_conflict`: once rows are locked, when a batch behind may rest on what is being written. `crash_at`: the step
    at which workers are killed more often than at others.
    """

    latency_s: float
    slow: float = 0.0
    conflict: float = 0.0
    late_conflict: float = 0.0
    deadlock: float = 0.0
    lock_timeout: float = 0.0
    outage: float = 0.0
    unknown_commit: float = 0.0
    unconfirmed: float = 0.0
    unroutable: float = 0.0
    crash: float = 0.0
    crash_at: str | None = None
    lost_ack: float = 0.0
    lost_channel: float = 0.0
    reordered: float = 0.0
    bug: bool = False
    event_every_s: float = 1e6

    @staticmethod
    def calm() -> "Weather":
        """Nothing goes wrong, and everything takes next to no time."""
        return Weather(latency_s=0.0001)

    @staticmethod
    def of_losers() -> "Weather":
        """Fair but for batches that fail once their rows are locked."""
        return Weather(latency_s=0.002, late_conflict=0.1)

    @staticmethod
    def drawn(random: Random) -> "Weather":
        """Fair in some respects and foul in others, so that faults meet in every combination."""

        def chance(*levels: float) -> float:
            return random.choice((0.0, *levels))

        return Weather(
            latency_s=random.choice((0.0005, 0.002, 0.01)),
            slow=chance(0.005, 0.03),
            conflict=chance(0.01, 0.05, 0.15),
            late_conflict=chance(0.05, 0.3),
            deadlock=chance(0.02, 0.1),
            lock_timeout=chance(0.01, 0.05),
            outage=chance(0.003, 0.01),
            unknown_commit=chance(0.03, 0.15),
            unconfirmed=chance(0.02, 0.1, 0.25),
            unroutable=chance(0.1, 0.3),
            crash=chance(0.002, 0.01, 0.02),
            crash_at=random.choice((None, random.choice(STEPS), random.choice(RARE_STEPS))),
            lost_ack=chance(0.02, 0.1),
            lost_channel=chance(0.002, 0.01, 0.03),
            reordered=chance(0.2, 0.8),
            bug=random.random() < 0.2,
            event_every_s=random.choice((0.1, 0.3, 1.0, 5.0, 1e6)),
        )
