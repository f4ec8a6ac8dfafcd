"""Whether the rows that a plan rests on still stand, and which of them a second decision may rest on."""

from worker.placement.plan import Lockable, Locked, Plan


def moved(plan: Plan, locked: Locked) -> bool:
    """Whether a row of the plan differs from what was read, is gone, or is new."""
    return any(locked.providers.get(name) != version for name, version in plan.providers.items()) or any(
        locked.consumers.get(name) != version for name, version in plan.consumers.items()
    )


def lockable(plan: Plan, locked: Locked) -> Lockable:
    """What may be decided on under the locks that `plan` asked for.

    A provider that is to be created is guarded by its unique id alone. A consumer that was read and is gone would
    have to be inserted out of order, so claims of it are carried over.
    """
    gone = {name for name, version in plan.consumers.items() if version and name not in locked.consumers}
    return Lockable(frozenset(plan.providers), frozenset(plan.consumers.keys() - gone))
