"""How failures are told."""

import pytest

from schemas.wire import Unreadable, UnreadableReason
from worker.cli.endings import FAILED, WRONG_USE, Complaint, WrongUse, exit_code, reason
from worker.faults import Outage, ReadRefused, Unroutable
from worker.settings import InvalidSettings


@pytest.mark.parametrize(
    ("failure", "sentence"),
    [
        (Outage("The database is away."), "The database is away."),
        (Outage(), "The database or the broker cannot be used now."),
        (
            Outage("NOT_FOUND - no queue 'a.dead' in vhost '/'."),
            "NOT_FOUND - no queue 'a.dead' in vhost '/'. Run `allocation-worker topology declare` first.",
        ),
        (
            Outage('42P01: relation "inbox" does not exist'),
            '42P01: relation "inbox" does not exist. Run `allocation-worker migrate` first.',
        ),
        (Unroutable(), "The broker has no queue for this; declare the topology first."),
        (ReadRefused("claim_not_found", "No such claim.", {}), "claim_not_found: No such claim."),
        (Unreadable(UnreadableReason.NOT_UTF8, "not UTF-8 at byte 3"), "This is no message: not UTF-8 at byte 3."),
        (FileNotFoundError(2, "No such file or directory", "x.json"), "No such file or directory: x.json."),
        (OSError(98, "address already in use"), "address already in use."),
        (ConnectionResetError(), "ConnectionResetError"),
        (InvalidSettings("ALLOCATION_X is not set."), "ALLOCATION_X is not set."),
        (Complaint("That will not do."), "That will not do."),
    ],
)
def test_every_expected_failure_has_its_sentence(failure: Exception, sentence: str) -> None:
    assert reason(failure) == sentence


def test_of_several_failures_the_first_is_told() -> None:
    inner = ExceptionGroup("inner", [Outage("The broker is away."), OSError(1, "second")])
    assert reason(ExceptionGroup("tasks", [inner])) == "The broker is away."


def test_a_bug_among_failures_keeps_its_trace() -> None:
    group = ExceptionGroup("tasks", [Outage("away"), KeyError("bug")])
    with pytest.raises(ExceptionGroup) as caught:
        reason(group)
    assert caught.value is group


def test_what_was_typed_wrong_has_an_exit_code_of_its_own() -> None:
    assert exit_code(WrongUse("no")) == WRONG_USE
    assert exit_code(Unreadable(UnreadableReason.NOT_JSON, "no")) == WRONG_USE
    assert exit_code(Outage("no")) == FAILED
