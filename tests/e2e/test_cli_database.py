"""The verbs that need a database, against the real one."""

import asyncio
import json

import asyncpg
from typer.testing import CliRunner, Result

from worker.cli.verbs import app


async def ran(database_url: str, *words: str) -> Result:
    """Run apart, since a verb has an event loop of its own."""
    environment = {"ALLOCATION_DATABASE_URL": database_url}
    return await asyncio.to_thread(CliRunner().invoke, app, list(words), env=environment)


async def execute(database_url: str, statement: str) -> None:
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def test_migrating_says_where_the_database_stands_however_often(empty_database_url: str) -> None:
    first, again = [await ran(empty_database_url, "migrate") for _ in range(2)]
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert first.stdout == again.stdout
    assert first.stdout.startswith("The database is at revision ")


async def test_a_sound_database_passes_the_audit(database_url: str) -> None:
    result = await ran(database_url, "audit")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "rules hold" in result.stdout


async def test_an_unsound_database_fails_the_audit(database_url: str) -> None:
    await execute(
        database_url,
        'INSERT INTO consumers (uuid, project, "user", generation)'
        " VALUES ('00000000-0000-0000-0000-000000000007', 'p', 'u', 1)",
    )
    table, listed = await ran(database_url, "audit"), await ran(database_url, "audit", "--json")
    assert (table.exit_code, listed.exit_code) == (1, 1)
    assert "consumers_hold_something" in table.stdout
    (finding,) = json.loads(listed.stdout)
    assert (finding["rule"], finding["where"]) == (
        "consumers_hold_something",
        "00000000-0000-0000-0000-000000000007",
    )


async def test_a_database_without_tables_is_one_sentence(empty_database_url: str) -> None:
    result = await ran(empty_database_url, "audit")
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("Error: ")
