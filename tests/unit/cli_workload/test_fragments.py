"""Which free GPUs are of use to those who wait."""

from worker.cli.workload.amounts import Amounts, Machine, Task
from worker.cli.workload.fragments import fragments
from worker.cli.workload.view import Picture

T4 = Machine("t", "t4", Amounts(8_000, 100, 2_000), "T4")
G2 = Machine("g", "g2", Amounts(8_000, 100, 1_000), "G2")


def task(gpus: int, share: int, *models: str, millicpu: int = 1_000) -> Task:
    return Task("x", "x", Amounts(millicpu, 10, gpus * share), frozenset(models), gpus)


def useless(*waiting: Task, **used: Amounts) -> tuple[int, int]:
    """Thousandths that are free, and those of no use; `used` on `t`, `t0`, `t1`, `g`, `g0`."""
    picture = Picture([T4, G2])
    ids = {"t": "t", "t0": T4.gpus[0], "t1": T4.gpus[1], "g": "g", "g0": G2.gpus[0]}
    found = fragments(picture, picture.used | {ids[name]: amounts for name, amounts in used.items()}, waiting)
    return found.free, found.useless


def test_where_nobody_waits_for_a_gpu_no_free_one_is_of_use() -> None:
    assert useless(task(1, 0)) == (3_000, 3_000)


def test_a_whole_free_gpu_is_of_use_to_who_wants_a_share() -> None:
    assert useless(task(1, 100)) == (3_000, 0)


def test_what_is_left_of_a_gpu_is_of_no_use_where_it_is_too_little() -> None:
    assert useless(task(1, 600), t0=Amounts(gpu_milli=500)) == (2_500, 500)


def test_another_model_is_of_no_use() -> None:
    assert useless(task(1, 100, "T4", "V100")) == (3_000, 1_000)


def test_gpus_whose_machine_has_no_processors_left_are_of_no_use() -> None:
    assert useless(task(1, 100), t=Amounts(millicpu=7_500)) == (3_000, 2_000)


def test_several_must_be_free_on_one_machine() -> None:
    assert useless(task(2, 1_000)) == (3_000, 1_000)
    assert useless(task(2, 1_000), t1=Amounts(gpu_milli=10)) == (2_990, 2_990)


def test_one_of_those_who_wait_is_enough() -> None:
    assert useless(task(2, 1_000), task(1, 1_000, "G2"), t0=Amounts(gpu_milli=1_000)) == (2_000, 1_000)


def test_a_gpu_that_is_over_capacity_is_not_free() -> None:
    assert useless(task(1, 100), t0=Amounts(gpu_milli=1_500)) == (2_000, 0)


def test_fragmentation_is_told_of_all_gpus() -> None:
    found = fragments(Picture([T4, G2]), Picture([T4, G2]).used, [task(2, 1_000)])
    assert (found.there, found.share) == (3_000, 1 / 3)
