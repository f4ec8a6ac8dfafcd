"""Providers as this worker's own batches left them, so that the next ones need not read them again.

Never trusted: the statement that reads a batch says which of them are still at the version that is known here, and
reads the others. A version vouches for the rest of a row, since every change of a provider advances it.
"""

from collections import OrderedDict
from dataclasses import replace
from typing import Final

from worker.placement.ids import ProviderId
from worker.placement.plan import Plan
from worker.placement.snapshot import Known, ProviderRow, Wanted

REMEMBERED_MAX: Final = 8_192
"""Some 10 MB. What was left longest ago is forgotten first."""


class Remembered:
    """Rows that were committed, by provider."""

    def __init__(self) -> None:
        self._catalogue = 0
        self._rows: OrderedDict[ProviderId, ProviderRow] = OrderedDict()

    def among(self, wanted: Wanted) -> Wanted:
        """The same, with what is known of its providers; not where more than the rows themselves is wanted."""
        if wanted.trees or wanted.linked or wanted.held:
            return wanted
        rows = {name: self._rows[name] for name in wanted.providers if name in self._rows}
        return replace(wanted, known=Known(self._catalogue, rows)) if rows else wanted

    def keep(self, catalogue: int, plan: Plan) -> None:
        """A batch has committed, which knew classes by the names of this `catalogue`."""
        if catalogue != self._catalogue:
            self._rows.clear()
            self._catalogue = catalogue
        for name, row in plan.left.items():
            self._rows[name] = row
            self._rows.move_to_end(name)
        while len(self._rows) > REMEMBERED_MAX:
            self._rows.popitem(last=False)

    def forget(self) -> None:
        """A batch has failed, be it on account of what is remembered."""
        self._rows.clear()
