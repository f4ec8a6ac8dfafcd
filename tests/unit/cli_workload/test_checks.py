"""What the demonstration calls well, and that it says what was not."""

import io
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from schemas.parked import ParkedReason
from worker.cli.workload.checks import Aftermath, Check, checks
from worker.cli.workload.drive import Drive
from worker.cli.workload.fleet import fleet
from worker.cli.workload.report import show_report
from worker.postgres.audit import Finding

WELL = Aftermath(exit_code=0, letters=Counter({"not_json": 1}), waiting=0, findings=())


def driven() -> Drive:
    """A claim that was sent, answered, repeated and answered again; a message that was parked."""
    drive = Drive(fleet(30), seed=1, now=lambda: 0.0)
    tally = drive.line.tally
    tally.send("a", lambda _event: None)
    tally.hear(outcome(), b"words")
    tally.send_again("a")
    tally.hear(outcome(), b"words")
    drive.repeats = 1
    drive.parked[ParkedReason.NOT_JSON] = 1
    return drive


def outcome() -> dict[str, Any]:
    return {"type": "allocation.granted", "claimid": "a", "data": {}}


def bad(found: list[Check]) -> list[str]:
    return [check.found for check in found if not check.well]


def test_a_good_day_passes_every_check() -> None:
    assert bad(checks(driven(), WELL)) == []


@pytest.mark.parametrize(
    ("break_it", "told"),
    [
        (lambda drive: drive.cluster.refused.append("why"), "1 declarations were refused; the first: why"),
        (lambda drive: drive.line.tally.send("b", print), "1 of 2 claims have no outcome"),
        (lambda drive: drive.line.tally.send_again("a"), "1 of 1 repeated messages were not answered"),
        (
            lambda drive: drive.scenario.wrong.append("this"),
            "1 outcomes are not what the claim asked for; the first: this",
        ),
        (
            lambda drive: drive.scenario.waiting.unexplained.append("this"),
            "1 tasks got no place without a reason; the first: this",
        ),
        (lambda drive: drive.differing.append("m is at 1"), "1 machines differ from what events told: m is at 1"),
        (lambda drive: drive.parked.clear(), "parked should be none, and are 1 not_json"),
    ],
)
def test_what_went_wrong_on_the_way_is_told(break_it: Callable[[Drive], None], told: str) -> None:
    drive = driven()
    break_it(drive)
    assert bad(checks(drive, WELL)) == [told]


def test_an_outcome_in_two_versions_fails_both_checks_on_it() -> None:
    drive = driven()
    drive.line.tally.hear(outcome(), b"other words")
    assert len(bad(checks(drive, WELL))) == 2


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (Aftermath(1, WELL.letters, 0, (), "last"), "the worker ended with exit code 1; it said last: last"),
        (Aftermath(0, WELL.letters, 3, ()), "the worker stopped and left 3 messages in its queue"),
        (Aftermath(0, Counter(), 0, ()), "parked should be 1 not_json, and are none"),
        (
            Aftermath(0, WELL.letters, 0, [Finding("rule", "here", "2", "3")]),
            "the audit of the tables found 1 faults; the first: rule at here, 3 instead of 2",
        ),
    ],
)
def test_what_was_found_afterwards_is_told(after: Aftermath, told: str) -> None:
    assert bad(checks(driven(), after)) == [told]


@pytest.mark.parametrize("width", [80, 120])
def test_the_report_fits_its_width_and_ends_with_the_verdict(width: int) -> None:
    drive = driven()
    drive.differing.append("a long sentence " * 20)
    written = io.StringIO()
    show_report(Console(file=written, width=width), drive, WELL, checks(drive, WELL))
    lines = [line.rstrip() for line in written.getvalue().splitlines()]
    assert max(map(len, lines)) <= width
    assert lines[-1] == "1 of 9 checks failed."
