"""Traces replayed against a worker on the real servers: a made-up one claim by claim, and the real one."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.e2e.worker_process import worker
from worker.cli.verbs import app

REAL = Path(__file__).parents[3] / "shared/data/gpu-cluster-2023"
NODES = """sn,cpu_milli,memory_mib,gpu,model
c,32000,1000,0,
t,8000,1000,2,T4
g,8000,1000,1,G2
"""
# two fill t, one finds no room on it, one goes to g; then one goes, and another takes its place; of what it leaves one
# GPU is free, and two are wanted
TASKS = """name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,creation_time,deletion_time
first,1000,10,1,1000,T4,1,10
second,1000,10,1,1000,T4,2,
third,1000,10,1,500,T4,3,9
fourth,1000,10,1,500,T4|G2,4,
fifth,1000,10,1,1000,T4,10,20
sixth,1000,10,0,0,,10,
seventh,1000,10,2,1000,T4,21,
"""


Ran = Callable[..., Awaitable[Result]]


@pytest.fixture
async def replayed(database_url: str, broker_url: str, prefix: str, tmp_path: Path) -> Ran:
    async def run(*words: object) -> Result:
        environment = {"ALLOCATION_BROKER_URL": broker_url, "ALLOCATION_PREFIX": prefix, "COLUMNS": "100"}
        roles = {"ALLOCATION_ROLE": "both"}
        async with worker(database_url, broker_url, prefix, tmp_path / "worker.log", roles):
            said = ["replay", *map(str, words)]
            return await asyncio.to_thread(CliRunner().invoke, app, said, env=environment)

    return run


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, Path, str, Path]:
    (tmp_path / "nodes.csv").write_text(NODES)
    (tmp_path / "tasks.csv").write_text(TASKS)
    return "--nodes", tmp_path / "nodes.csv", "--tasks", tmp_path / "tasks.csv"


def summed_up(result: Result) -> dict[str, str]:
    """{what: how much} of the report's tables of one strategy, which may stand beside each other."""
    assert result.exit_code == 0, result.output
    lines = (line.split("  ") for line in result.stdout.splitlines())
    parts = ([word.strip() for word in line if word.strip()] for line in lines)
    return {line[place]: line[place + 1] for line in map(list, parts) for place in range(0, len(line) - 1, 2)}


async def test_tasks_go_where_the_worker_places_them_and_refusals_say_why(
    replayed: Ran,
    files: tuple[object, ...],
    audited: Callable[[], Awaitable[None]],
    count: Callable[[str], Awaitable[int]],
) -> None:
    found = summed_up(await replayed(*files, "--strategy", "first"))
    assert (found["tasks placed"], found["refused, no_candidates"]) == ("5 of 7", "2")
    assert (found["used up: GPUs (T4)"], found["not on one machine all at once (T4)"]) == ("1", "1")
    assert await count("providers") == 6
    assert await count("consumers") == 3
    await audited()


async def test_each_strategy_begins_where_the_one_before_began(
    replayed: Ran, files: tuple[object, ...], count: Callable[[str], Awaitable[int]]
) -> None:
    result = await replayed(*files)
    assert result.exit_code == 0, result.output
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["first", "pack", "spread"] in [row[-3:] for row in rows]
    assert ["tasks", "placed", *(["5", "of", "7"] * 3)] in [row[:11] for row in rows]
    assert await count("consumers") == 3


async def test_a_limit_takes_the_first_tasks(
    replayed: Ran, files: tuple[object, ...], count: Callable[[str], Awaitable[int]]
) -> None:
    found = summed_up(await replayed(*files, "--limit", 2, "--rate", 1_000, "--strategy", "spread"))
    assert found["tasks placed"] == "2 of 2"
    assert await count("consumers") == 1


async def test_where_all_stay_the_nodes_fill_up(
    replayed: Ran, files: tuple[object, ...], count: Callable[[str], Awaitable[int]]
) -> None:
    found = summed_up(await replayed(*files, "--stay", "--strategy", "pack"))
    assert found["tasks placed"] == "4 of 7"
    assert await count("consumers") == 4


async def test_a_bad_file_is_one_sentence_with_its_place(
    replayed: Ran, files: tuple[object, ...], tmp_path: Path
) -> None:
    (tmp_path / "tasks.csv").write_text(TASKS.replace("2,\n", "soon,\n", 1))
    result = await replayed(*files)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.endswith("line 3, column creation_time: must be a whole number from 0 to 2147483647, not 'soon'.")


async def test_a_missing_file_is_one_sentence(replayed: Ran, tmp_path: Path) -> None:
    result = await replayed("--nodes", tmp_path / "none.csv", "--tasks", tmp_path / "none.csv")
    assert result.exit_code == 1
    assert result.stderr == f"Error: No such file or directory: {tmp_path / 'none.csv'}.\n"


@pytest.mark.skipif(not REAL.exists(), reason=f"the real trace is not at {REAL}")
@pytest.mark.parametrize("tasks", ["pods.csv", "pods_gpuspec33.csv"])
async def test_the_real_trace_has_no_refusal_that_does_not_explain_itself(
    replayed: Ran, audited: Callable[[], Awaitable[None]], count: Callable[[str], Awaitable[int]], tasks: str
) -> None:
    words = ("--nodes", REAL / "nodes.csv", "--tasks", REAL / tasks, "--limit", 500, "--strategy", "pack")
    found = summed_up(await replayed(*words))
    assert found["tasks placed"] == "500 of 500"
    assert await count("providers") == 1_523 + 6_212
    assert await count("consumers") == 0
    await audited()
