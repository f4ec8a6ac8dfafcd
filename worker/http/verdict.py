"""The answer to a health question."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Verdict:
    """Yes when there is no reason against it; `reasons` are sentences for people, `facts` are numbers beside them."""

    reasons: tuple[str, ...] = ()
    facts: Mapping[str, str | int | float | bool] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not self.reasons
