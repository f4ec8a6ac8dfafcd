"""How long to wait before the next try."""

from collections.abc import Iterator
from random import Random


def backoff(random: Random, min_s: float, max_s: float) -> Iterator[float]:
    """Endless waits in seconds: doubling from `min_s` to `max_s`, each shortened by chance by up to a half."""
    wait = min_s
    while True:
        yield wait * random.uniform(0.5, 1.0)  # nosec B311 - jitter, no secret
        wait = min(wait * 2, max_s)
