"""A server that is gone without a word: its connections stay open and nothing answers on them."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy.engine import make_url

from tests.chaos.proxy import Proxy, proxy_to
from worker.faults import Conflict, Outage
from worker.postgres.database import Limits, Store, create_engine

ANSWERS_WITHIN_MS = 500
ENDS_WITHIN_S = 10.0
LIMITS = Limits(pool_size=1, answer_timeout_ms=ANSWERS_WITHIN_MS)


@pytest.fixture
async def proxied(database_url: str) -> AsyncIterator[tuple[Proxy, Store]]:
    """A store whose one connection goes by a proxy."""
    url = make_url(database_url)
    async with proxy_to(url.host or "", url.port or 0) as (proxy, port):
        store = Store(create_engine(url.set(port=port).render_as_string(hide_password=False), LIMITS))
        yield proxy, store
        await store.close()


async def test_a_statement_that_nobody_answers_is_an_outage_and_the_next_one_has_a_new_connection(
    proxied: tuple[Proxy, Store],
) -> None:
    proxy, store = proxied
    await store.probe()
    proxy.half_open()
    async with asyncio.timeout(ENDS_WITHIN_S):
        with pytest.raises(Outage):
            await store.probe()
        await store.probe()


async def test_a_commit_that_nobody_answers_has_an_unknown_fate(proxied: tuple[Proxy, Store]) -> None:
    proxy, store = proxied
    async with asyncio.timeout(ENDS_WITHIN_S):
        with pytest.raises(Conflict, match="unknown"):
            async with store.transaction() as transaction:
                await transaction.keep_fresh((), ())
                proxy.half_open()
        await store.probe()
