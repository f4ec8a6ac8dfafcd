"""The stores that pass the contract suite, each over an empty state of its own."""

from collections.abc import AsyncIterator

import pytest

from tests.fakes.store import FakeStore
from worker.postgres.database import Limits, Store, create_engine


@pytest.fixture
async def real_store(database_url: str) -> AsyncIterator[Store]:
    """PostgreSQL."""
    store = Store(create_engine(database_url, Limits(lock_timeout_ms=2_000)))
    yield store
    await store.close()


@pytest.fixture
def fake_store() -> FakeStore:
    """In memory."""
    return FakeStore()


@pytest.fixture(params=["fake_store", "real_store"])
def store(request: pytest.FixtureRequest) -> Store:
    """Every store in turn."""
    chosen: Store = request.getfixturevalue(request.param)
    return chosen
