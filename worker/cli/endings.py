"""How a verb ends: exit codes, and the failures that are told in one sentence instead of a stack trace."""

import re
from typing import Final

from schemas.wire import Unreadable
from worker.faults import Fault, Outage, ReadRefused, Unroutable
from worker.policy import InvalidPolicy
from worker.settings import InvalidSettings

FAILED: Final = 1
WRONG_USE: Final = 2
REJECTED: Final = 3
TIMED_OUT: Final = 4


class Complaint(Exception):
    """What a verb cannot do, said in one sentence for the person who asked."""


class WrongUse(Complaint):
    """What was typed makes no sense; the sentence says what would."""


SINGLE: Final = (Complaint, InvalidSettings, InvalidPolicy, Fault, Unreadable, OSError)
EXPECTED: Final = (*SINGLE, ExceptionGroup)

# What the servers say where a first step was left out, and the step.
HINTS: Final = {
    r"NOT_FOUND - no (exchange|queue)": "Run `allocation-worker topology declare` first.",
    r"^42P01: ": "Run `allocation-worker migrate` first.",
}


def exit_code(failure: BaseException) -> int:
    return WRONG_USE if isinstance(failure, WrongUse | Unreadable) else FAILED


def reason(failure: BaseException) -> str:
    """One sentence. A group is told by its first failure; a bug in it is raised, since it needs its trace."""
    match failure:
        case ExceptionGroup():
            return _reason_of_first(failure)
        case ReadRefused():
            return f"{failure.code}: {failure.message}"
        case Unreadable():
            return f"This is no message: {failure.detail}."
        case Outage():
            return _hinted(_said(failure, "The database or the broker cannot be used now."))
        case Unroutable():
            return _said(failure, "The broker has no queue for this; declare the topology first.")
        case OSError() if failure.strerror:
            return f"{failure.strerror}: {failure.filename}." if failure.filename else f"{failure.strerror}."
        case _:
            return _said(failure, type(failure).__name__)


def _reason_of_first(group: ExceptionGroup[Exception]) -> str:
    expected, others = group.split(SINGLE)
    if others is not None or expected is None:
        raise group
    return reason(expected.exceptions[0])


def _said(failure: BaseException, otherwise: str) -> str:
    return str(failure).strip() or otherwise


def _hinted(sentence: str) -> str:
    hints = [hint for pattern, hint in HINTS.items() if re.search(pattern, sentence)]
    return " ".join([f"{sentence.removesuffix('.')}.", *hints]) if hints else sentence
