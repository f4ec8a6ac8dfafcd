"""What happens in the demonstration, how often, and with which outcomes it may end."""

from enum import StrEnum
from typing import Final


class Step(StrEnum):
    """One claim; the value is what people are told of it."""

    ARRIVE = "a task arrives"
    GANG = "a gang arrives, all or nothing"
    DEPART = "a task departs"
    GROW = "a task asks for more"
    SHRINK = "a task gives some back"
    TOO_LARGE = "more than a machine has"
    ALREADY_PLACED = "placed by somebody else already"
    OLD_NEWS = "decided on old news of a machine"
    MACHINE_GONE = "a machine that is gone"
    NO_GPU_THERE = "a GPU where there is none"
    ODD_SHARE = "a share that cannot be cut"
    NOT_HELD = "gives back what it does not hold"
    NO_SUCH_CLASS = "a class nobody knows"
    TOO_LATE = "past its deadline"
    NOTHING_ASKED = "asks for nothing of a class"
    MACHINE_IN_USE = "removes a machine in use"
    NAME_TAKEN = "a machine with a name that is taken"


GRANTED: Final = "allocation.granted"
RELEASED: Final = "allocation.released"
# The client's view may be behind, so that what it saw free is taken.
TAKEN: Final = "capacity_exceeded"

# {step: (how many of a thousand, the outcomes that are right)}
STEPS: Final[dict[Step, tuple[int, frozenset[str]]]] = {
    Step.ARRIVE: (610, frozenset({GRANTED, TAKEN})),
    Step.GANG: (25, frozenset({GRANTED, TAKEN})),
    Step.DEPART: (195, frozenset({RELEASED})),
    Step.GROW: (40, frozenset({GRANTED, TAKEN})),
    Step.SHRINK: (30, frozenset({GRANTED})),
    Step.TOO_LARGE: (12, frozenset({TAKEN})),
    Step.ALREADY_PLACED: (14, frozenset({"consumer_generation_conflict"})),
    Step.OLD_NEWS: (12, frozenset({"provider_generation_conflict"})),
    Step.MACHINE_GONE: (12, frozenset({"provider_not_found"})),
    Step.NO_GPU_THERE: (8, frozenset({"inventory_not_found"})),
    Step.ODD_SHARE: (8, frozenset({"unit_constraint_violated"})),
    Step.NOT_HELD: (6, frozenset({"allocation_not_found"})),
    Step.NO_SUCH_CLASS: (6, frozenset({"resource_class_not_found"})),
    Step.TOO_LATE: (6, frozenset({"deadline_passed"})),
    Step.NOTHING_ASKED: (6, frozenset({"invalid_message"})),
    Step.MACHINE_IN_USE: (6, frozenset({"provider_in_use"})),
    Step.NAME_TAKEN: (4, frozenset({"duplicate_name"})),
}
# What needs somebody who holds something.
OF_HOLDERS: Final = frozenset(
    {
        Step.DEPART,
        Step.GROW,
        Step.SHRINK,
        Step.ALREADY_PLACED,
        Step.OLD_NEWS,
        Step.NOT_HELD,
        Step.MACHINE_IN_USE,
    }
)
