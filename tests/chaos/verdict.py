"""What became of a run: each region held against the checker, which knows nothing of the worker, and all added up."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.chaos.journal import EVENTS, LETTERS, NOWHERE, PUBLISHED, records, regions_of
from tests.chaos.tables import Tables, tables_by_region
from tests.simulation.checker import Parked, Published, Received, Report, check
from worker.postgres.audit import audit
from worker.postgres.database import Limits, create_engine

COUNTS: Final = (
    "attempts", "granted", "rejected", "parked", "lost", "doubled", "recovered", "over_allocated", "unexpected",
)  # fmt: skip
BAD: Final = ("lost", "doubled", "over_allocated", "unexpected")
NO_TABLES: Final[Tables] = {"providers": {}, "consumers": {}, "resource_classes": [], "traits": []}


@dataclass(slots=True)
class Verdict:
    """The sums over all regions. `events`: as often as they arrived. `codes`: outcomes by type or code."""

    counts: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    events: int = 0
    regions: int = 0

    @property
    def is_good(self) -> bool:
        """Whether nothing is lost, doubled, over-allocated or unexplained."""
        return not any(self.counts[name] for name in BAD)

    def add(self, report: Report, where: str) -> None:
        """One region's."""
        self.counts.update({name: getattr(report, name) for name in COUNTS})
        self.findings += [f"{where}: {finding}" for finding in report.findings]
        self.regions += 1

    def find(self, what: str) -> None:
        """Something that should not be."""
        self.counts["unexpected"] += 1
        self.findings.append(f"unexpected: {what}")


async def judged(journal: Path, database_url: str) -> Verdict:
    """Of the journal and the tables; the audit's findings count as unexpected."""
    verdict = Verdict()
    tables = await tables_by_region(database_url)
    for region in sorted({*regions_of(journal), *tables}):
        report, events = checked(journal, region, tables.get(region, NO_TABLES))
        verdict.events += events
        verdict.add(report, "unreadable" if region == NOWHERE else f"region {region}")
    async for finding in _audited(database_url):
        verdict.find(finding)
    return verdict


def checked(journal: Path, region: int, tables: Tables) -> tuple[Report, int]:
    """What became of a region, and how many events arrived of it."""
    published = [Published(*record) for record in records(journal, PUBLISHED, region, 1)]
    events = [Received(name.decode(), kind.decode(), body) for name, kind, body in records(journal, EVENTS, region, 3)]
    letters = [Parked(body, reason.decode()) for body, reason in records(journal, LETTERS, region, 2)]
    return check(published, events, letters, tables), len(events)


async def _audited(database_url: str) -> AsyncIterator[str]:
    engine = create_engine(database_url, Limits(pool_size=1))
    try:
        for finding in await audit(engine):
            yield f"audit: {finding}"
    finally:
        await engine.dispose()
