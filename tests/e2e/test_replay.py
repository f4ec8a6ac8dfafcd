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
# two fill t, one finds no room on it, one goes to g; then one goes, and another takes its place
TASKS = """name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,creation_time,deletion_time
first,1000,10,1,1000,T4,1,10
second,1000,10,1,1000,,2,
third,1000,10,1,500,T4,3,9
fourth,1000,10,1,500,T4|G2,4,
fifth,1000,10,1,1000,T4,10,20
sixth,1000,10,0,0,,10,
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
    """{what: how much} of the report's lines."""
    assert result.exit_code == 0, result.output
    lines = (line.split("  ") for line in result.stdout.splitlines())
    parts = ([word.strip() for word in line if word.strip()] for line in lines)
    return {line[0]: line[1] for line in parts if len(line) > 1}


async def test_tasks_go_where_first_fit_sends_them(
    replayed: Ran,
    files: tuple[object, ...],
    audited: Callable[[], Awaitable[None]],
    count: Callable[[str], Awaitable[int]],
) -> None:
    found = summed_up(await replayed(*files))
    assert (found["tasks placed"], found["no room found"]) == ("5", "1")
    assert (found["allocation.granted"], found["allocation.released"]) == ("5", "2")
    assert await count("consumers") == 3
    await audited()


async def test_a_limit_takes_the_first_tasks(replayed: Ran, files: tuple[object, ...]) -> None:
    found = summed_up(await replayed(*files, "--limit", 2, "--rate", 1_000))
    assert (found["tasks placed"], found["allocation.released"]) == ("2", "1")


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
async def test_the_real_trace_leaves_nobody_with_anything(
    replayed: Ran, audited: Callable[[], Awaitable[None]], count: Callable[[str], Awaitable[int]]
) -> None:
    found = summed_up(await replayed("--nodes", REAL / "nodes.csv", "--tasks", REAL / "pods_gpuspec33.csv"))
    assert found["allocation.granted"] == found["allocation.released"] == found["tasks placed"]
    assert not [what for what in found if what.startswith("refused")]
    assert await count("providers") == 1_523
    assert await count("consumers") == 0
    await audited()
