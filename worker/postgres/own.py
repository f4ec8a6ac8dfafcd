"""A database of one's own on a server, for what must not mix with anything else there."""

from sqlalchemy import make_url, text
from sqlalchemy.pool import NullPool

from worker.postgres.address import DRIVER, engine_at
from worker.postgres.errors import translated


def address_of(url: str, name: str) -> str:
    """The address of database `name` on the same server, for the same user, with the same TLS."""
    return make_url(url).set(drivername=DRIVER, database=name).render_as_string(hide_password=False)


async def create_database(url: str, name: str) -> None:
    """Raises Outage where the user may not, or the server is out of reach."""
    await _execute(url, "CREATE DATABASE", name)


async def drop_database(url: str, name: str) -> None:
    """Ends the sessions that are still in it; what does not exist is dropped already. Raises Outage."""
    await _execute(url, "DROP DATABASE IF EXISTS", name, "WITH (FORCE)")


async def _execute(url: str, verb: str, name: str, ending: str = "") -> None:
    engine = engine_at(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    quoted = engine.dialect.identifier_preparer.quote_identifier(name)
    async with translated(), engine.connect() as connection:
        await connection.execute(text(f"{verb} {quoted} {ending}"))
