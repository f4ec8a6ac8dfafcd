"""The standard names of resource classes and traits, brought in from their packages."""

import os_resource_classes
import os_traits
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

TOP_UP = {
    table: text(f"""
        INSERT INTO {table} (name, ordinal)
        SELECT name, ordinal - 1 FROM unnest(CAST(:names AS text[])) WITH ORDINALITY AS standard (name, ordinal)
        ON CONFLICT (name) DO UPDATE SET ordinal = excluded.ordinal
        WHERE {table}.ordinal IS DISTINCT FROM excluded.ordinal
    """)  # noqa: S608 - the two names below, nothing from outside
    for table in ("resource_classes", "traits")
}


async def top_up(connection: AsyncConnection) -> None:
    """Add the names that the installed packages have, in their order; a name they no longer have stays."""
    await connection.execute(TOP_UP["resource_classes"], {"names": list(os_resource_classes.STANDARDS)})
    await connection.execute(TOP_UP["traits"], {"names": list(os_traits.get_traits())})
