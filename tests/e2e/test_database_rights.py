"""The worker under a user of the database that owns nothing."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy.engine import URL, make_url

from tests.e2e.publishing import side
from tests.e2e.worker_process import worker
from tests.unit.docs.papers import blocks

PASSWORD = "change-me"  # noqa: S105 - of a role that lives as long as the test


def plain(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.fixture
async def limited_url(database_url: str) -> AsyncIterator[URL]:
    """The migrated database, for a role that has what docs/security.md gives it."""
    role, owner = f"worker-{uuid4().hex[:12]}", make_url(database_url)
    (rights,) = blocks("docs/security.md", "sql")
    connection = await asyncpg.connect(plain(owner))
    await connection.execute(f"CREATE ROLE \"{role}\" LOGIN PASSWORD '{PASSWORD}'")
    await connection.execute(rights.replace("allocation-worker", role))
    yield owner.set(username=role, password=PASSWORD)
    await connection.execute(f'DROP OWNED BY "{role}"; DROP ROLE "{role}"')
    await connection.close()


async def test_the_worker_works_with_the_rights_of_the_document_and_no_table_is_its_own(
    limited_url: URL, broker_url: str, prefix: str, tmp_path: Path
) -> None:
    provider, child, consumer = (str(uuid4()) for _ in range(3))
    who = {"id": consumer, "project": "blue", "user": "ann"}
    bodies: list[dict[str, Any]] = [
        {"op": "resource_class.ensure", "name": "CUSTOM_A"},
        {"op": "trait.ensure", "name": "CUSTOM_T"},
        {"op": "provider.create", "provider": provider, "name": "host"},
        {"op": "provider.create", "provider": child, "name": "child", "parent": provider},
        {
            "op": "inventory.replace",
            "provider": provider,
            "inventories": {"VCPU": {"total": 4}, "CUSTOM_A": {"total": 1}},
        },
        {"op": "provider_traits.replace", "provider": provider, "traits": ["CUSTOM_T"]},
        {"op": "provider_aggregates.replace", "provider": provider, "aggregates": [str(uuid4())]},
        {"op": "allocation.place", "consumer": who, "request": {"groups": {"": {"resources": {"VCPU": 1}}}}},
        {"op": "allocation.release", "consumer": {"id": consumer}},
        {"op": "inventory.clear", "provider": provider},
        {"op": "provider.delete", "provider": child},
        {"op": "resource_class.delete", "name": "CUSTOM_A"},
    ]
    url = limited_url.render_as_string(hide_password=False)
    async with worker(url, broker_url, prefix, tmp_path / "log"), side(broker_url, prefix) as heard:
        outcomes = [await heard.ask({"claim_id": str(uuid4()), **body}) for body in bodies]
    assert [one["data"].get("code", "done") for one in outcomes] == ["done"] * len(bodies)
    connection = await asyncpg.connect(plain(limited_url))
    for statement in (
        "ALTER TABLE inbox ADD x int",
        "DROP TABLE inbox",
        "TRUNCATE inbox",
        "DELETE FROM alembic_version",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    await connection.close()
