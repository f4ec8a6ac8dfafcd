"""How many in how long."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measured:
    """Nothing yet, unless told."""

    count: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """A second."""
        return self.count / self.seconds if self.seconds else 0.0
