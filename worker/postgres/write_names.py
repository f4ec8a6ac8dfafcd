"""Writes custom resource classes and traits. Standard ones are the migration's."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from worker.placement.plan import Writes
from worker.postgres.guard import write_rows
from worker.postgres.rows import columns

CREATE_CLASSES = text("INSERT INTO resource_classes (name) SELECT unnest(CAST(:names AS text[]))")

RENAME_CLASSES = text("""
    UPDATE resource_classes AS c SET name = new.name
    FROM unnest(CAST(:names AS text[]), CAST(:new_names AS text[])) AS new (old, name)
    WHERE c.name = new.old AND c.ordinal IS NULL
""")

DELETE_CLASSES = text("DELETE FROM resource_classes WHERE name = ANY (CAST(:names AS text[])) AND ordinal IS NULL")

CREATE_TRAITS = text("INSERT INTO traits (name) SELECT unnest(CAST(:names AS text[]))")

DELETE_TRAITS = text("DELETE FROM traits WHERE name = ANY (CAST(:names AS text[])) AND ordinal IS NULL")


async def create_names(connection: AsyncConnection, writes: Writes) -> None:
    """Insert and rename; before anything that may use the new names."""
    renamed = columns(writes.classes_renamed, names=lambda pair: pair[0], new_names=lambda pair: pair[1])
    await write_rows(connection, RENAME_CLASSES, renamed, "classes renamed")
    await write_rows(connection, CREATE_CLASSES, {"names": writes.classes_created}, "classes created")
    await write_rows(connection, CREATE_TRAITS, {"names": writes.traits_created}, "traits created")


async def delete_names(connection: AsyncConnection, writes: Writes) -> None:
    """Delete; after everything that may have used the names is gone."""
    await write_rows(connection, DELETE_CLASSES, {"names": writes.classes_deleted}, "classes deleted")
    await write_rows(connection, DELETE_TRAITS, {"names": writes.traits_deleted}, "traits deleted")
