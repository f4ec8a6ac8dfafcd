"""Machines as trees, tasks as requests."""

import pytest

from schemas.decode import validate
from worker.cli.workload.amounts import Amounts, Machine, Task
from worker.cli.workload.claims import GPU_CLASS, declared, owner, placed, requested
from worker.placement.request import Strategy

BARE = {"CUSTOM_MILLICPU": 1_000, "MEMORY_MB": 10}


def task(gpus: int, share: int, *models: str, millicpu: int = 1_000, memory_mb: int = 10) -> Task:
    return Task("x", "x", Amounts(millicpu, memory_mb)._replace(gpu_milli=gpus * share), frozenset(models), gpus)


def test_a_machine_is_a_tree_of_its_gpus_with_the_model_as_their_trait() -> None:
    machine = Machine("m", "rack-1", Amounts(8_000, 100, 2_000), "T4")
    root, *gpus = declared(machine, {GPU_CLASS: 10})
    assert (root["provider"], root["parent"], root["traits"]) == ("m", None, [])
    assert set(root["inventories"]) == {"CUSTOM_MILLICPU", "MEMORY_MB"}
    assert [gpu["name"] for gpu in gpus] == ["rack-1-gpu0", "rack-1-gpu1"]
    assert [gpu["provider"] for gpu in gpus] == list(machine.gpus)
    for gpu in gpus:
        assert (gpu["parent"], gpu["traits"]) == ("m", ["CUSTOM_GPU_T4"])
        assert gpu["inventories"] == {GPU_CLASS: {"total": 1_000, "step_size": 10}}


def test_a_share_of_a_gpu_is_one_group_of_any_provider_of_a_tree() -> None:
    assert requested(task(1, 460), Strategy.PACK) == {
        "groups": {"": {"resources": BARE | {GPU_CLASS: 460}}},
        "strategy": "pack",
    }


@pytest.mark.parametrize(
    ("models", "required"), [(["T4"], ["CUSTOM_GPU_T4"]), (["T4", "G2"], [["CUSTOM_GPU_G2", "CUSTOM_GPU_T4"]])]
)
def test_models_are_required_any_of_them(models: list[str], required: list[object]) -> None:
    assert requested(task(1, 1_000, *models), Strategy.FIRST)["groups"][""]["required"] == required


def test_a_model_that_comes_with_no_gpu_is_not_asked_for() -> None:
    assert requested(task(1, 0, "T4"), Strategy.FIRST)["groups"] == {"": {"resources": BARE}}


def test_several_gpus_are_groups_that_may_not_meet() -> None:
    request = requested(task(2, 1_000, "T4"), Strategy.SPREAD)
    gpu = {"resources": {GPU_CLASS: 1_000}, "required": ["CUSTOM_GPU_T4"]}
    assert request["groups"] == {"": {"resources": BARE}, "_gpu0": gpu, "_gpu1": gpu}
    assert request["group_policy"] == "isolate"


def test_several_gpus_and_nothing_else_need_no_group_for_the_rest() -> None:
    assert set(requested(task(2, 1_000, millicpu=0, memory_mb=0), Strategy.FIRST)["groups"]) == {"_gpu0", "_gpu1"}


@pytest.mark.parametrize("gpus", [0, 1, 2, 63])
def test_what_is_asked_keeps_the_schema(gpus: int) -> None:
    consumer = owner("01234567-89ab-4def-8123-456789abcdef", "p", "u", "TASK")
    claim = placed(task(gpus, 1_000, "T4"), consumer, Strategy.PACK)
    assert not isinstance(validate(claim, claim["op"]), tuple)
