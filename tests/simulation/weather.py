"""How bad a run is: how likely each fault is and how long things take, drawn from the seed."""

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """Likelihoods are per step, `_every_s` the mean time between events that nobody's step brings about.

    `late_conflict`: once rows are locked, when a batch behind may rest on what is being written.
    """

    latency_s: float
    slow: float
    conflict: float
    late_conflict: float
    lock_timeout: float
    outage: float
    unknown_commit: float
    unconfirmed: float
    crash: float
    lost_ack: float
    lost_channel: float
    bug: bool
    event_every_s: float

    @staticmethod
    def of_losers() -> "Weather":
        """Fair but for batches that fail once their rows are locked, and workers that have just begun."""
        return Weather(
            latency_s=0.002, slow=0.0, conflict=0.0, late_conflict=0.25, lock_timeout=0.0, outage=0.0,
            unknown_commit=0.0, unconfirmed=0.0, crash=0.02, lost_ack=0.0, lost_channel=0.0, bug=False,
            event_every_s=1e6,
        )  # fmt: skip

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
            lock_timeout=chance(0.01, 0.05),
            outage=chance(0.003, 0.01),
            unknown_commit=chance(0.03, 0.15),
            unconfirmed=chance(0.02, 0.1, 0.25),
            crash=chance(0.002, 0.01, 0.02),
            lost_ack=chance(0.02, 0.1),
            lost_channel=chance(0.002, 0.01, 0.03),
            bug=random.random() < 0.2,
            event_every_s=random.choice((0.05, 0.2, 1.0, 1e6)),
        )
