"""The demonstration as people run it, on the real servers: it does what it says, and leaves nothing behind."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from typing import Any

import asyncpg
import pytest
from sqlalchemy.engine import make_url

PATIENCE_S = 100.0


async def ran(*words: str, **variables: str) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    environment = {**os.environ, "COLUMNS": "100", **variables}
    command = (sys.executable, "-m", "worker", "demo", *words)
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=PIPE, stderr=PIPE)
    async with asyncio.timeout(PATIENCE_S):
        stdout, stderr = await process.communicate()
    return process.returncode or 0, stdout.decode(), stderr.decode()


async def databases(url: str) -> set[str]:
    connection = await asyncpg.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))
    try:
        rows: list[Any] = await connection.fetch("SELECT datname FROM pg_database WHERE datname LIKE 'demo%'")
        return {row["datname"] for row in rows}
    finally:
        await connection.close()


async def test_all_is_well_and_nothing_is_left(database_server_url: str, broker_url: str) -> None:
    before = await databases(database_server_url)
    code, report, progress = await ran(
        "--quick", ALLOCATION_DATABASE_URL=database_server_url, ALLOCATION_BROKER_URL=broker_url
    )
    assert code == 0, report + progress
    assert "every one of 800 claims has exactly one outcome" in report
    assert "15 malformed messages were parked" in report
    assert "each as a tree" in report
    for heading in ("Strategies side by side", "Why no place was found", "fragmentation", "no_candidates"):
        assert heading in report
    assert report.rstrip().endswith("All was well.")
    assert "Claiming: 800 of 800 claims" in progress
    assert await databases(database_server_url) == before


async def test_without_a_broker_it_ends_in_one_sentence_and_makes_nothing(database_server_url: str) -> None:
    before = await databases(database_server_url)
    nowhere = "amqp://u:hidden@127.0.0.1:1/"
    code, report, told = await ran(ALLOCATION_DATABASE_URL=database_server_url, ALLOCATION_BROKER_URL=nowhere)
    assert (code, report) == (1, "")
    assert told.startswith("Error: No connection to 127.0.0.1:1.")
    assert "hidden" not in told
    assert await databases(database_server_url) == before


async def test_asked_to_stop_in_the_middle_it_takes_everything_along(database_server_url: str, broker_url: str) -> None:
    before = await databases(database_server_url)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "worker", "demo", "--claims=100000",
        env={**os.environ, "ALLOCATION_DATABASE_URL": database_server_url, "ALLOCATION_BROKER_URL": broker_url},
        stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    async with asyncio.timeout(PATIENCE_S):
        assert (await process.stderr.readline()).startswith(b"Declaring: ")
        assert await databases(database_server_url) != before
        process.terminate()
        stdout, stderr = await process.communicate()
    assert (process.returncode, stdout) == (143, b"")
    assert b"Traceback" not in stderr
    assert await databases(database_server_url) == before


@pytest.mark.parametrize("word", ["--claims=1", "--machines=0"])
async def test_too_little_of_anything_is_wrong_use(word: str) -> None:
    code, _, told = await ran(word)
    assert code == 2
    assert "Invalid value" in told
