"""The fleet: its size, its proportions, its names."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from worker.cli.workload.fleet import MACHINES, MODELS, SHAPES, fleet

NODES = Path(__file__).parents[4] / "shared/data/gpu-cluster-2023/nodes.csv"


@pytest.mark.parametrize("machines", [30, 150, MACHINES, 10_000])
def test_a_fleet_has_as_many_machines_as_were_asked_for(machines: int) -> None:
    assert len(fleet(machines)) == machines


def test_names_and_ids_are_unique() -> None:
    machines = fleet()
    assert len({machine.name for machine in machines}) == len({machine.provider for machine in machines}) == MACHINES


def test_the_same_fleet_is_made_each_time() -> None:
    assert fleet(77) == fleet(77)


def test_a_machine_has_a_model_exactly_when_it_has_gpus() -> None:
    assert all(bool(machine.model) == bool(machine.total.gpu_milli) for machine in fleet())
    assert {machine.model for machine in fleet()} - {""} == set(MODELS)


@pytest.mark.skipif(not NODES.exists(), reason=f"the real cluster's nodes are not at {NODES}")
def test_the_whole_fleet_is_the_real_cluster() -> None:
    with NODES.open() as file:
        rows = list(csv.DictReader(file))
    real = Counter((*(int(row[name]) for name in ("cpu_milli", "memory_mib")), int(row["gpu"]) * 1_000) for row in rows)
    assert Counter(tuple(machine.total) for machine in fleet()) == real
    assert sum(shape.count for shape in SHAPES) == len(rows)
