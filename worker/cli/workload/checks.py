"""Whether all was well: each promise that the demonstration can check, with what was found."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from worker.cli.workload.drive import Drive
from worker.postgres.audit import RULES, Finding


@dataclass(frozen=True, slots=True)
class Check:
    """`found` is one sentence, whether it is good or bad news."""

    well: bool
    found: str


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What was found when the worker had stopped. `letters` are reasons; `waiting` messages are in the claims queue."""

    exit_code: int
    letters: Counter[str]
    waiting: int
    findings: Sequence[Finding]
    last_words: str = ""


def checks(drive: Drive, after: Aftermath) -> list[Check]:
    """In the order in which people ask."""
    return [
        _loaded(drive),
        _outcomes(drive),
        _expected(drive),
        _explained(drive),
        _repeats(drive),
        _parked(drive, after),
        _agreement(drive),
        _audit(after),
        _stopped(after),
    ]


def _loaded(drive: Drive) -> Check:
    if drive.unloaded:
        return Check(False, f"{len(drive.unloaded)} declarations were refused; the first: {drive.unloaded[0]}")
    gpus = sum(len(machine.gpus) for machine in drive.machines)
    return Check(True, f"all {len(drive.machines):,} machines with {gpus:,} GPUs were declared, each as a tree")


def _outcomes(drive: Drive) -> Check:
    tally = drive.line.tally
    if tally.unanswered:
        return Check(False, f"{tally.unanswered} of {len(tally.claims)} claims have no outcome")
    if tally.other_words:
        return Check(False, f"{len(tally.other_words)} claims have two outcomes, {min(tally.other_words)} among them")
    return Check(True, f"every one of {len(tally.claims):,} claims has exactly one outcome")


def _expected(drive: Drive) -> Check:
    wrong = drive.scenario.wrong
    if wrong:
        return Check(False, f"{len(wrong)} outcomes are not what the claim asked for; the first: {wrong[0]}")
    return Check(True, "every claim ended as it should, each mistake under its own code")


def _explained(drive: Drive) -> Check:
    unexplained = [*drive.scenario.waiting.unexplained, *drive.comparison.unexplained]
    if unexplained:
        return Check(False, f"{len(unexplained)} tasks got no place without a reason; the first: {unexplained[0]}")
    refused = [drive.scenario.waiting, *(replay.waiting for replay in drive.comparison.replays)]
    count = sum(one.reasons.total() for one in refused)
    return Check(True, f"each of {count:,} refusals for want of a place says at which step nobody was left")


def _repeats(drive: Drive) -> Check:
    tally = drive.line.tally
    different = tally.repeated & tally.other_words
    if different:
        return Check(False, f"{len(different)} repeated claims were answered in other words the second time")
    if tally.repeats_unanswered():
        return Check(False, f"{tally.repeats_unanswered()} of {drive.repeats} repeated messages were not answered")
    shared = drive.repeats - tally.answered_again
    said = f"of {drive.repeats} repeated messages {tally.answered_again} were answered again, word for word"
    return Check(True, f"{said}; {shared} met their first in one batch and shared its outcome")


def _parked(drive: Drive, after: Aftermath) -> Check:
    wanted = Counter({reason.value: count for reason, count in drive.parked.items()})
    if wanted != after.letters:
        return Check(False, f"parked should be {_said(wanted)}, and are {_said(after.letters)}")
    return Check(True, f"{wanted.total()} malformed messages were parked, each for its reason, and harmed no other")


def _agreement(drive: Drive) -> Check:
    if drive.differing:
        return Check(False, f"{len(drive.differing)} machines differ from what events told: {drive.differing[0]}")
    return Check(True, "what events told of every machine is what the worker says when asked")


def _audit(after: Aftermath) -> Check:
    if after.findings:
        first = after.findings[0]
        said = f"{first.rule} at {first.where}, {first.found} instead of {first.expected}"
        return Check(False, f"the audit of the tables found {len(after.findings)} faults; the first: {said}")
    return Check(True, f"the audit of the tables is clean: all {len(RULES)} rules hold")


def _stopped(after: Aftermath) -> Check:
    if after.exit_code != 0:
        return Check(False, f"the worker ended with exit code {after.exit_code}; it said last: {after.last_words}")
    if after.waiting:
        return Check(False, f"the worker stopped and left {after.waiting} messages in its queue")
    return Check(True, "the worker stopped when asked and left its queue empty")


def _said(letters: Counter[str]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in sorted(letters.items())) or "none"
