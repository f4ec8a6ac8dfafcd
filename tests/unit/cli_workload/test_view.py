"""What a client knows: from events, in whatever order they come, and from what it has asked for."""

from typing import Any

from worker.cli.workload.amounts import CLASSES, Amounts, Machine, Task
from worker.cli.workload.view import Picture, View

TOTAL = Amounts(8_000, 100, 2_000)
MACHINES = [
    Machine("c", "cpus", Amounts(8_000, 100)),
    Machine("t1", "t4 first", TOTAL, "T4"),
    Machine("t2", "t4 second", TOTAL, "T4"),
    Machine("g", "g2", TOTAL, "G2"),
]


def granted(provider: str, used: Amounts, generation: int, incarnation: int = 1) -> dict[str, Any]:
    fills = {
        name: {"capacity": capacity, "used": amount}
        for name, capacity, amount in zip(CLASSES, TOTAL, used, strict=True)
    }
    state = {"generation": generation, "incarnation": incarnation, "inventories": fills}
    return {"type": "allocation.granted", "data": {"consumers": [], "providers": {provider: state}}}


def task(gpu_milli: int = 1_000, *models: str) -> Task:
    return Task("x", "x", Amounts(1_000, 10, gpu_milli), frozenset(models))


def test_a_task_without_a_gpu_goes_to_the_first_machine() -> None:
    assert View(Picture(MACHINES)).find(task(0)) == 0


def test_a_task_with_a_gpu_goes_to_the_first_machine_that_has_one() -> None:
    assert View(Picture(MACHINES)).find(task()) == 1


def test_only_allowed_models_will_do() -> None:
    view = View(Picture(MACHINES))
    assert view.find(task(1_000, "G2", "V100")) == 3
    assert view.find(task(1_000, "V100")) is None


def test_what_is_asked_for_is_not_free_until_it_is_called_off() -> None:
    view = View(Picture(MACHINES))
    view.expect(1, Amounts(0, 0, 2_000))
    assert view.find(task()) == 2
    view.expect(1, Amounts(0, 0, -2_000))
    assert view.find(task()) == 1


def test_what_events_tell_is_not_free() -> None:
    picture = Picture(MACHINES)
    view = View(picture)
    for place in picture.hear(granted("t1", Amounts(0, 0, 2_000), generation=1)):
        view.refresh(place)
    assert view.find(task()) == 2


def test_an_event_that_comes_late_or_again_changes_nothing() -> None:
    picture = Picture(MACHINES)
    picture.hear(granted("t1", Amounts(3, 3, 3), generation=3))
    assert picture.hear(granted("t1", Amounts(2, 2, 2), generation=2)) == []
    assert picture.known[1].used == Amounts(3, 3, 3)


def test_a_machine_made_anew_begins_again_under_its_old_id() -> None:
    picture = Picture(MACHINES)
    picture.hear(granted("t1", Amounts(3, 3, 3), generation=3))
    assert picture.hear(granted("t1", Amounts(1, 1, 1), generation=0, incarnation=2)) == [1]
    assert picture.known[1].used == Amounts(1, 1, 1)


def test_machines_of_others_are_not_looked_at() -> None:
    assert Picture(MACHINES).hear(granted("somebody's", Amounts(1, 1, 1), generation=1)) == []


def test_a_search_that_begins_elsewhere_goes_all_the_way_round() -> None:
    view = View(Picture(MACHINES), start=0.5)
    assert view.find(task(1_000, "T4")) == 2
    view.expect(2, TOTAL)
    assert view.find(task(1_000, "T4")) == 1
