"""Those who found no place, and the reasons they were given."""

from typing import Any

import pytest

from worker.cli.workload.amounts import Amounts, Machine, Task
from worker.cli.workload.refusals import lacked
from worker.cli.workload.view import Picture
from worker.cli.workload.waiting import Waiting

MACHINE = Machine("t", "t4", Amounts(8_000, 100, 2_000), "T4")
ANY = Task("x", "x", Amounts(1_000, 10, 500))
Step = tuple[str, int] | tuple[str, int, str]


def explanation(*steps: Step, trees: int = 0) -> dict[str, Any]:
    rows = [dict(zip(("step", "left", "resource_class"), step, strict=False)) for step in steps]
    return {"groups": {"": rows}, "trees": [{"step": "tree_merge", "left": trees}], "nearest": []}


def refused(code: str, details: object) -> dict[str, Any]:
    return {"type": "claim.rejected", "data": {"code": code, "message": "no", "details": details}}


NO_ROOM = explanation(("all", 3), ("capacity", 0, "CUSTOM_GPU_MILLI"))


@pytest.mark.parametrize(
    ("details", "models", "told"),
    [
        (NO_ROOM, (), "used up: GPUs"),
        (NO_ROOM, ("T4",), "used up: GPUs (T4)"),
        (NO_ROOM, ("T4", "G2"), "used up: GPUs (G2 or T4)"),
        (NO_ROOM, ("T4", "G2", "G3"), "used up: GPUs (any of 3 models)"),
        (explanation(("all", 3), ("traits", 0), ("inventory", 0, "VCPU")), (), "no such trait"),
        (explanation(("all", 3), ("inventory", 0, "CUSTOM_TPU")), (), "nobody has CUSTOM_TPU"),
        (explanation(("all", 3)), (), "not on one machine all at once"),
    ],
)
def test_what_lacked_is_the_first_step_that_left_nobody(
    details: dict[str, Any], models: tuple[str, ...], told: str
) -> None:
    assert lacked(details, Task("x", "x", ANY.wants, frozenset(models))) == told


@pytest.mark.parametrize(
    "details", [explanation(("all", 3), trees=1), explanation(("all", 3), ("traits", 4), ("units", 0, "VCPU"))]
)
def test_an_explanation_that_leaves_somebody_or_grows_explains_nothing(details: dict[str, Any]) -> None:
    assert lacked(details, ANY) is None


def test_who_waits_is_remembered_as_of_the_moment_when_most_was_wanted() -> None:
    picture = Picture([MACHINE])
    waiting = Waiting(picture)
    waiting.refuse(refused("no_candidates", NO_ROOM), ANY)
    picture.used[MACHINE.gpus[0]] = Amounts(gpu_milli=900)
    large = Task("y", "y", Amounts(1_000, 10, 2_000), frozenset(), 2)
    waiting.refuse(refused("no_candidates", NO_ROOM), large)
    waiting.leave("y")
    picture.used[MACHINE.gpus[0]] = Amounts()
    worst, now = waiting.worst(), waiting.at_last()
    assert worst is not None
    assert (worst.free, worst.useless) == (1_100, 100)
    assert (now.free, now.useless) == (2_000, 0)


def test_who_is_refused_twice_waits_once() -> None:
    waiting = Waiting(Picture([MACHINE]))
    for _ in range(2):
        waiting.refuse(refused("no_candidates", NO_ROOM), ANY)
    assert (waiting.wanted, waiting.refused.total()) == (500, 2)
    waiting.leave("x")
    waiting.leave("x")
    assert (waiting.wanted, waiting.tasks) == (0, {})


def test_another_refusal_than_that_of_no_place_is_without_a_reason() -> None:
    waiting = Waiting(Picture([MACHINE]))
    waiting.refuse(refused("trait_not_found", {}), ANY)
    assert waiting.unexplained == ["x: trait_not_found: no"]
    assert waiting.worst() is None
