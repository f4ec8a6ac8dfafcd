"""A small run of what `make chaos` does at length, and that its judges can find something."""

from itertools import islice
from pathlib import Path

from tests.chaos.journal import EVENTS, LETTERS, NOWHERE, PUBLISHED, Journal, records
from tests.chaos.mix import Mix
from tests.chaos.nemesis import FAULTS, planned
from tests.chaos.region import Region, region_of
from tests.chaos.run import Plan, run
from tests.chaos.verdict import BAD, NO_TABLES, checked

CLAIMS = 4_000
QUICK = (
    "worker SIGKILL after commit",
    "worker SIGKILL after publish",
    "database sessions terminated",
    "broker connections truncated",
    "claims queue deleted",
    "database immediate stop",
)


async def test_nothing_is_lost_doubled_or_over_allocated_through_a_handful_of_faults() -> None:
    said: list[str] = []
    done = await run(Plan(CLAIMS, seed=7, workers=2, faults=len(QUICK), only=QUICK), said.append)
    assert done.verdict.findings == [], said
    assert {one.name for one in done.struck} == set(QUICK)
    assert done.verdict.counts["attempts"] > 0.95 * CLAIMS
    assert done.verdict.counts["granted"] > done.verdict.counts["rejected"] > 0
    assert done.verdict.counts["parked"] > 0
    assert [done.verdict.counts[name] for name in BAD] == [0, 0, 0, 0]


def test_each_kind_of_fault_strikes_once_before_any_strikes_again() -> None:
    plan = planned(3, 2 * len(FAULTS))
    names = {fault.name for fault in FAULTS}
    assert len(names) == len(FAULTS)
    assert {fault.name for fault in plan[: len(FAULTS)]} == names == {fault.name for fault in plan[len(FAULTS) :]}
    assert [fault.name for fault in plan] == [fault.name for fault in planned(3, 2 * len(FAULTS))]
    assert [fault.name for fault in plan] != [fault.name for fault in planned(4, 2 * len(FAULTS))]


def test_a_seed_makes_the_same_messages_again() -> None:
    made, again, other = ([message.keys for message in islice(Mix(seed).messages(), 100)] for seed in (1, 1, 2))
    assert made == again != other


def test_all_that_a_region_names_is_its_own() -> None:
    region = Region(70_000, 1)
    bodies = [region.claim().decode() for _ in range(500)]
    assert not any('"0000000a-0000-0000-0000-' in body or '"CUSTOM_F' in body for body in bodies)
    assert region_of(region.id_of(5)) == region.number


def test_a_journal_gives_back_what_it_was_given(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.add(EVENTS, 3, b"id", b"", b"\x00\n")
        journal.add(EVENTS, 3, b"other", b"type", b"body")
        journal.add(EVENTS, 4, b"elsewhere", b"", b"")
    assert list(records(tmp_path, EVENTS, 3, 3)) == [(b"id", b"", b"\x00\n"), (b"other", b"type", b"body")]
    assert list(records(tmp_path, PUBLISHED, 3, 1)) == []


def test_a_claim_and_a_bad_message_that_left_no_trace_are_lost(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.add(PUBLISHED, 0, Region(0, 1).claim())
        journal.add(PUBLISHED, NOWHERE, b"no JSON")
        journal.add(PUBLISHED, NOWHERE, b"none either")
        journal.add(LETTERS, NOWHERE, b"none either", b"not_json")
    assert [checked(tmp_path, region, NO_TABLES)[0].lost for region in (0, NOWHERE)] == [1, 1]
