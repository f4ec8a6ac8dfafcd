"""Servers for the tests that need them: started when first asked for, a database and a name prefix for each test.

`ALLOCATION_TEST_DATABASE_URL` and `ALLOCATION_TEST_BROKER_URL` name servers to be used instead of our own.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from uuid import uuid4

import pytest

from deploy.local import Postgres, Rabbit, Stack, local_stack
from tests.servers import create_database, delete_topology, drop_database, with_database


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """Our own PostgreSQL."""
    with local_stack(rabbit=False) as running:
        yield running.postgres


@pytest.fixture(scope="session")
def rabbit_server() -> Iterator[Rabbit]:
    """Our own RabbitMQ."""
    with local_stack(postgres=False) as running:
        yield running.rabbit


@pytest.fixture
def stack(postgres_server: Postgres, rabbit_server: Rabbit) -> Iterator[Stack]:
    """Both of our own servers, to be stopped, killed and frozen at will: each test hands them on running."""
    yield Stack(postgres_server, rabbit_server)
    for server in (postgres_server, rabbit_server):
        server.resume()
        server.start()


@pytest.fixture(scope="session")
def rabbitmqctl(rabbit_server: Rabbit) -> Callable[..., str]:
    """`rabbitmqctl` on our own node: arguments in, what it prints out."""
    return rabbit_server.ctl


@pytest.fixture(scope="session")
def database_server_url(request: pytest.FixtureRequest) -> str:
    """A database whose user may create others."""
    given = os.environ.get("ALLOCATION_TEST_DATABASE_URL")
    return given or str(request.getfixturevalue("postgres_server").url)


@pytest.fixture(scope="session")
def template(database_server_url: str) -> Iterator[str]:
    """The name of a database on which the migrations ran, once for all tests."""
    from worker.postgres.migrate import upgrade  # noqa: PLC0415 - tests without a database do without migrations

    name = f"template_{uuid4().hex}"
    asyncio.run(create_database(database_server_url, name))
    upgrade(with_database(database_server_url, name))
    yield name
    asyncio.run(drop_database(database_server_url, name))


@pytest.fixture
async def empty_database_url(database_server_url: str) -> AsyncIterator[str]:
    """A database of the test's own in which nothing was made yet."""
    name = f"test_{uuid4().hex}"
    await create_database(database_server_url, name)
    yield with_database(database_server_url, name)
    await drop_database(database_server_url, name)


@pytest.fixture
async def database_url(database_server_url: str, template: str) -> AsyncIterator[str]:
    """A migrated database of the test's own."""
    name = f"test_{uuid4().hex}"
    await create_database(database_server_url, name, template)
    yield with_database(database_server_url, name)
    await drop_database(database_server_url, name)


@pytest.fixture(scope="session")
def broker_url(request: pytest.FixtureRequest) -> str:
    """The broker; tests share its virtual host and are kept apart by `prefix`."""
    given = os.environ.get("ALLOCATION_TEST_BROKER_URL")
    return given or str(request.getfixturevalue("rabbit_server").url)


@pytest.fixture
async def prefix(broker_url: str) -> AsyncIterator[str]:
    """What the test puts in place of `allocation` in the contract's names; those are deleted afterwards."""
    name = f"test-{uuid4().hex}"
    yield name
    await delete_topology(broker_url, name)
