"""What the database says of the tables: how large they are, what is dead in them, and who cleaned them up."""

from dataclasses import dataclass
from typing import Final

import asyncpg

NAMES: Final = ("providers", "inventories", "consumers", "allocations", "inbox", "inbox_unconfirmed", "changes")

MEASURED: Final = """
    SELECT relname, pg_table_size(relid), pg_indexes_size(relid), n_live_tup, n_dead_tup, n_tup_upd, n_tup_hot_upd,
           autovacuum_count, autoanalyze_count
    FROM pg_stat_user_tables WHERE relname = ANY ($1::text[]) ORDER BY array_position($1::text[], relname::text)
"""

SETTINGS: Final = """
    SELECT name, setting || coalesce(' ' || unit, '') || CASE WHEN source = 'default' THEN '' ELSE ', set here' END
    FROM pg_settings
    WHERE name IN ('autovacuum', 'autovacuum_naptime', 'autovacuum_vacuum_scale_factor', 'autovacuum_vacuum_threshold',
                   'autovacuum_vacuum_cost_delay', 'autovacuum_vacuum_cost_limit', 'autovacuum_max_workers',
                   'shared_buffers', 'max_wal_size')
    UNION ALL SELECT relname, array_to_string(reloptions, ', ') FROM pg_class
    WHERE relname = ANY ($1::text[]) AND reloptions IS NOT NULL
    ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Table:
    """One, at one moment; the counts are the statistics' estimates, and those of updates and vacuums of all time."""

    name: str
    table_bytes: int
    index_bytes: int
    live: int
    dead: int
    updated: int
    updated_hot: int
    autovacuums: int
    autoanalyses: int

    @property
    def mib(self) -> float:
        """With its indexes."""
        return (self.table_bytes + self.index_bytes) / 1_024**2


async def measured(connection: asyncpg.Connection) -> tuple[Table, ...]:
    """All that claims write."""
    return tuple(Table(*row) for row in await connection.fetch(MEASURED, NAMES))


async def settings_of(connection: asyncpg.Connection) -> dict[str, str]:
    """What vacuuming goes by, and the storage parameters of the tables."""
    return dict(await connection.fetch(SETTINGS, NAMES))
