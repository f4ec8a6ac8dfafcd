"""The made-up day on which strategies are compared."""

from random import Random

from worker.cli.workload.day import ASKED, day
from worker.cli.workload.fleet import fleet


def test_those_who_stay_ask_for_more_than_there_is() -> None:
    machines = fleet(30)
    there = sum(machine.total.gpu_milli for machine in machines)
    asked = sum(traced.task.wants.gpu_milli for traced in day(machines, Random(1)) if traced.went_at is None)  # noqa: S311 - repeatable
    assert there < ASKED * there <= asked


def test_some_come_and_go_in_order_of_their_coming() -> None:
    tasks = day(fleet(30), Random(1))  # noqa: S311 - repeatable
    assert [traced.came_at for traced in tasks] == sorted(traced.came_at for traced in tasks)
    gone = [traced for traced in tasks if traced.went_at is not None]
    assert 0 < len(gone) < len(tasks)
    assert all(traced.came_at <= (traced.went_at or 0) for traced in gone)


def test_some_want_several_gpus_and_some_a_model() -> None:
    tasks = [traced.task for traced in day(fleet(150), Random(1))]  # noqa: S311 - repeatable
    assert {task.gpus for task in tasks} == {1, 2, 4, 8}
    assert any(task.models for task in tasks)
    assert all(task.wants.gpu_milli % task.gpus == 0 for task in tasks)
