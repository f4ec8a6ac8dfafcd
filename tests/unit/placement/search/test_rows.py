"""The fleet in plain mappings passes the suite of all fleets."""

from collections.abc import Iterable

from tests.unit.placement.search.fleet_suite import FleetSuite
from worker.placement.search.fleet import Fleet
from worker.placement.search.rows import Rows
from worker.placement.snapshot import ProviderRow


class TestRows(FleetSuite):
    def fleet_of(self, rows: Iterable[ProviderRow]) -> Fleet:
        return Rows(rows)
