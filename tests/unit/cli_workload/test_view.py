"""What a client knows: from events, in whatever order they come."""

from typing import Any

from worker.cli.workload.agreement import differences
from worker.cli.workload.amounts import CLASSES, Amounts, Machine
from worker.cli.workload.view import Picture

TOTAL = Amounts(8_000, 100, 2_000)
MACHINE = Machine("t", "t4", TOTAL, "T4")
GPU = MACHINE.gpus[0]


def granted(provider: str, used: Amounts, generation: int, incarnation: int = 1) -> dict[str, Any]:
    fills = {
        name: {"capacity": capacity, "used": amount}
        for name, capacity, amount in zip(CLASSES, TOTAL, used, strict=True)
    }
    state = {"generation": generation, "incarnation": incarnation, "inventories": fills}
    return {"type": "allocation.granted", "data": {"consumers": [], "providers": {provider: state}}}


def test_a_machine_and_its_gpus_are_told_apart_and_summed() -> None:
    picture = Picture([MACHINE])
    picture.hear(granted("t", Amounts(3_000, 3), generation=1))
    picture.hear(granted(GPU, Amounts(gpu_milli=500), generation=1))
    assert picture.used["t"] == Amounts(3_000, 3)
    assert picture.used_of(MACHINE) == Amounts(3_000, 3, 500)


def test_before_any_event_a_machine_is_as_it_is_to_be_declared() -> None:
    picture = Picture([MACHINE])
    assert picture.capacity_of(MACHINE) == TOTAL
    assert picture.used_of(MACHINE) == Amounts()


def test_an_event_that_comes_late_changes_nothing() -> None:
    picture = Picture([MACHINE])
    picture.hear(granted("t", Amounts(3, 3, 3), generation=3))
    picture.hear(granted("t", Amounts(2, 2, 2), generation=2))
    assert picture.used["t"] == Amounts(3, 3, 3)


def test_a_machine_made_anew_begins_again_under_its_old_id() -> None:
    picture = Picture([MACHINE])
    picture.hear(granted("t", Amounts(3, 3, 3), generation=3))
    picture.hear(granted("t", Amounts(1, 1, 1), generation=0, incarnation=2))
    assert picture.used["t"] == Amounts(1, 1, 1)


def test_machines_of_others_are_not_looked_at() -> None:
    picture = Picture([MACHINE])
    picture.hear(granted("somebody's", Amounts(1, 1, 1), generation=1))
    assert "somebody's" not in picture.used


def test_what_the_worker_says_otherwise_is_told_of_each_provider() -> None:
    picture = Picture([MACHINE])
    for provider in picture.names:
        picture.hear(granted(provider, Amounts(), generation=1))
    usages = {provider: {"generation": 1, "usages": {}} for provider in picture.names}
    assert differences(picture, usages) == []
    usages[GPU] = {"generation": 2, "usages": {CLASSES[2]: 500}}
    (told,) = differences(picture, usages)
    assert told.startswith("t4-gpu0 is at generation 2")
