"""Why requests find nothing or little: what is remembered for one serves all that ask for the same."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

from worker.placement.explanation import Explanation
from worker.placement.fleet.keys import reach_key
from worker.placement.fleet.reasons import Reasons
from worker.placement.fleet.view import View
from worker.placement.ids import Amounts
from worker.placement.request import Request
from worker.placement.search.ask import homed

REASONS_MAX: Final = 256
"""Requests remembered, the latest used: one byte a provider for each group, and one for the whole."""


class Explainer:
    """Explains as `search.explain` does, in a settled forest."""

    __slots__ = ("_reasons", "_view")

    def __init__(self, view: View) -> None:
        self._view = view
        self._reasons: OrderedDict[Hashable, Reasons] = OrderedDict()

    def explain(self, request: Request, credit: Amounts) -> Explanation:
        """The same object as last time where nothing has changed for a request that names no tree."""
        key = reach_key(request)
        if key is None:
            return Reasons(homed(request, self._view.root_of), self._view, self._view.named(request)).told(credit)
        reasons = self._reasons.get(key)
        if reasons is None:
            reasons = self._reasons[key] = Reasons(request, self._view)
            if len(self._reasons) > REASONS_MAX:
                self._reasons.popitem(last=False)
        else:
            self._reasons.move_to_end(key)
        return reasons.told(credit)
