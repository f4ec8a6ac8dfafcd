"""What happens in the demonstration, how often, and with which outcomes it may end."""

from enum import StrEnum
from typing import Final

from worker.cli.workload.refusals import NO_CANDIDATES


class Step(StrEnum):
    """One claim; the value is what people are told of it."""

    ARRIVE = "a task arrives"
    ARRIVE_LARGE = "a task arrives that wants several GPUs of one machine"
    TRY_AGAIN = "a task that found no place tries again"
    DEPART = "a task departs"
    GROW = "a task asks for more"
    SHRINK = "a task gives some back"
    HAND_OVER = "a task hands over to the next, all or nothing"
    TOO_LARGE = "more than a machine has"
    TOO_MANY = "more GPUs than any machine has"
    ALREADY_PLACED = "placed by somebody else already"
    OLD_NEWS = "decided on old news of a machine"
    MACHINE_GONE = "a machine that is gone"
    NO_GPU_THERE = "a GPU where there is none"
    ODD_SHARE = "a share that cannot be cut"
    NOT_HELD = "gives back what it does not hold"
    NO_SUCH_CLASS = "a class nobody knows"
    NO_SUCH_MODEL = "a GPU model nobody knows"
    AT_ODDS = "requires what it forbids"
    TOO_LATE = "past its deadline"
    NOTHING_ASKED = "asks for nothing of a class"
    MACHINE_IN_USE = "removes a machine in use"
    NAME_TAKEN = "a machine with a name that is taken"


GRANTED: Final = "allocation.granted"
RELEASED: Final = "allocation.released"
FULL: Final = "capacity_exceeded"

PLACED_OR_NOT: Final = frozenset({GRANTED, NO_CANDIDATES})
# {step: (how many of a thousand, the outcomes that are right)}
STEPS: Final[dict[Step, tuple[int, frozenset[str]]]] = {
    Step.ARRIVE: (490, PLACED_OR_NOT),
    Step.ARRIVE_LARGE: (120, PLACED_OR_NOT),
    Step.TRY_AGAIN: (40, PLACED_OR_NOT),
    Step.DEPART: (160, frozenset({RELEASED})),
    Step.GROW: (36, frozenset({GRANTED, FULL})),
    Step.SHRINK: (28, frozenset({GRANTED})),
    Step.HAND_OVER: (12, frozenset({GRANTED})),
    Step.TOO_LARGE: (12, frozenset({FULL})),
    Step.TOO_MANY: (4, frozenset({NO_CANDIDATES})),
    Step.ALREADY_PLACED: (14, frozenset({"consumer_generation_conflict"})),
    Step.OLD_NEWS: (12, frozenset({"provider_generation_conflict"})),
    Step.MACHINE_GONE: (12, frozenset({"provider_not_found"})),
    Step.NO_GPU_THERE: (8, frozenset({"inventory_not_found"})),
    Step.ODD_SHARE: (8, frozenset({"unit_constraint_violated"})),
    Step.NOT_HELD: (6, frozenset({"allocation_not_found"})),
    Step.NO_SUCH_CLASS: (6, frozenset({"resource_class_not_found"})),
    Step.NO_SUCH_MODEL: (6, frozenset({"trait_not_found"})),
    Step.AT_ODDS: (4, frozenset({"invalid_message"})),
    Step.TOO_LATE: (6, frozenset({"deadline_passed"})),
    Step.NOTHING_ASKED: (6, frozenset({"invalid_message"})),
    Step.MACHINE_IN_USE: (6, frozenset({"provider_in_use", "provider_has_children"})),
    Step.NAME_TAKEN: (4, frozenset({"duplicate_name"})),
}
# What needs somebody who holds something.
OF_HOLDERS: Final = frozenset(
    {
        Step.DEPART,
        Step.GROW,
        Step.SHRINK,
        Step.HAND_OVER,
        Step.ALREADY_PLACED,
        Step.OLD_NEWS,
        Step.NOT_HELD,
        Step.MACHINE_IN_USE,
    }
)
