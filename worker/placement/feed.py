"""What a resident view is told of providers: all of them in portions, and afterwards what has changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NewType

from worker.placement.ids import RowId
from worker.placement.snapshot import ProviderRow

Horizon = NewType("Horizon", str)
"""What a reader has seen. Only the store that gave it can read it; it is not a number, for changes have no order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Providers as of one moment, and the horizon from which the next refresh goes on.

    `rows`: complete, with traits and aggregates; after a refresh, those that were made or may have changed.
    `gone`: row ids that exist no more, among them those that were deleted before the reader ever saw them.
    `whole`: what has changed cannot be told one by one, so `rows` and `gone` are empty: load all again.
    """

    horizon: Horizon
    rows: Sequence[ProviderRow] = ()
    gone: Sequence[RowId] = ()
    whole: bool = False
