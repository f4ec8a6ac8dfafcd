"""The database's address as people write it, turned into what the driver reads, and engines that connect to it."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import asyncpg
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from worker.addresses import DATABASE_TLS, database_tls, driver_mode
from worker.faults import Outage
from worker.tls import Tls, UnusableTls, cause

DRIVER: Final = "postgresql+asyncpg"


def engine_at(url: str, arguments: Mapping[str, Any] | None = None, **options: Any) -> AsyncEngine:
    """An engine whose connections have TLS as `url` asks for it (`sslmode`); `arguments` are the driver's.

    Connecting raises Outage, which names the server.
    """
    parsed = make_url(url).set(drivername=DRIVER)
    mode = driver_mode(parsed.query)
    ssl = {} if mode is None else {"ssl": mode}
    return create_async_engine(
        parsed.difference_update_query(DATABASE_TLS),
        connect_args={**ssl, **(arguments or {}), "async_creator_fn": partial(_connect, database_tls(url))},
        **options,
    )


async def _connect(tls: Tls | None, **arguments: Any) -> asyncpg.Connection:
    try:
        if tls is not None:
            arguments["ssl"] = await asyncio.to_thread(tls.context)
        return await asyncpg.connect(**arguments)
    except (OSError, UnusableTls, asyncpg.PostgresError) as error:
        raise Outage(f"No connection to {_server(arguments)}. {_reason(error)}") from error


def _server(arguments: Mapping[str, Any]) -> str:
    hosts, ports = arguments.get("host") or "the local server", arguments.get("port", 5432)
    if isinstance(hosts, str):
        return f"{hosts}:{ports}"
    each = ports if isinstance(ports, list) else [ports] * len(hosts)
    return " or ".join(f"{host}:{port}" for host, port in zip(hosts, each, strict=True))


def _reason(error: Exception) -> str:
    if isinstance(error, asyncpg.PostgresError):
        return f"{error.sqlstate}: {error}."
    return cause("The database", error) or f"{str(error) or 'It gave no answer in time'}".rstrip(".") + "."
