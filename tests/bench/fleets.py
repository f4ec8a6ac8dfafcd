"""Large fleets, put into a database by SQL: providers with what consumers hold on them, as the worker would have left
them. The same fleet comes out each time.

Consumers are dealt out over the providers in turn, so a provider's generation is the number of its holders, and `used`
is that many times what each of them holds.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

import asyncpg

from tests.bench.ground import Ground, connected, database, named
from tests.bench.workload import AMOUNTS, ROOM, provider

TRAITS: Final = tuple(f"CUSTOM_RACK_{number}" for number in range(20))
TREE_SIZE: Final = 13

INSERT_PROVIDERS: Final = """
    INSERT INTO providers (id, uuid, name, generation, state, parent, root)
    SELECT n, uuid, 'machine-' || n, ($3 - n) / $4 + 1, 'enabled',
           CASE WHEN position BETWEEN 1 AND 4 THEN n - position
                WHEN position > 4 THEN n - position + 1 + (position - 5) / 2 END,
           n - position
    FROM (SELECT uuid, n, (n - 1) % $2 AS position
          FROM unnest($1::uuid[]) WITH ORDINALITY AS given (uuid, n)) AS machine
"""
"""$1 their ids, $2 how many make a tree, $3 consumers, $4 providers."""

INSERT_TRAITS: Final = "INSERT INTO traits (name) SELECT unnest($1::text[])"

# Each root has one of the traits.
INSERT_LINKS: Final = """
    INSERT INTO provider_traits (provider, trait)
    SELECT p.id, t.id FROM providers AS p
    JOIN unnest($1::text[]) WITH ORDINALITY AS given (name, n) ON (p.id - 1) / $2 % cardinality($1) = n - 1
    JOIN traits AS t ON t.name = given.name WHERE p.parent IS NULL
"""

# A holder has between `least` and `most` of each, by a hash of where it stands.
INSERT_INVENTORIES: Final = """
    INSERT INTO inventories
        (provider, class, total, reserved, min_unit, max_unit, step_size, allocation_ratio, used)
    SELECT p.id, c.id, given.total, 0, 1, 2147483647, 1, 1,
           p.generation * (least + abs(hashint8(p.id * 31 + c.id)::bigint) % (most - least + 1))
    FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[])
        AS given (first, last, name, total, least, most)
    JOIN resource_classes AS c ON c.name = given.name
    JOIN providers AS p ON (p.id - 1) % $7 BETWEEN given.first AND given.last
    ORDER BY p.id, c.id
"""

INSERT_CONSUMERS: Final = """
    INSERT INTO consumers (id, uuid, project, "user", type, generation)
    SELECT n, md5('consumer-' || n)::uuid, md5('project-' || n % 1000), md5('user-' || n % 1000), 'INSTANCE', 1
    FROM generate_series(1, $1) AS n
"""

INSERT_ALLOCATIONS: Final = """
    INSERT INTO allocations (consumer, provider, class, amount)
    SELECT holder.id, p.id, i.class, i.used / p.generation
    FROM consumers AS holder JOIN providers AS p ON p.id = 1 + (holder.id - 1) % $1
    JOIN inventories AS i ON i.provider = p.id
    ORDER BY holder.id, i.class
"""

# Of its table, in the order in which they can be made again.
FOREIGN_KEYS: Final = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE contype = 'f' ORDER BY oid
"""

NEXT_IDS: Final = """
    SELECT setval(pg_get_serial_sequence('providers', 'id'), (SELECT max(id) FROM providers)),
           setval(pg_get_serial_sequence('consumers', 'id'), (SELECT max(id) FROM consumers))
"""


@dataclass(frozen=True, slots=True)
class Stocked:
    """An inventory of each provider from the `first` to the `last` of a tree, and what one consumer holds of it."""

    first: int
    last: int
    name: str
    total: int
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Fleet:
    """Providers in trees of a size, and consumers dealt out over them in turn, one at least for each provider."""

    providers: int
    consumers: int
    tree_size: int
    stocks: tuple[Stocked, ...]


def flat(providers: int) -> Fleet:
    """Providers that stand alone, 70 % full. So large that thousands of claims on a twentieth of 1,000 still fit."""
    sizes = {"VCPU": 4_096, "MEMORY_MB": 8_388_608, "DISK_GB": 131_072}
    stocks = tuple(_full(0, 0, name, total) for name, total in sizes.items())
    return Fleet(providers, providers, 1, stocks)


def trees(providers: int) -> Fleet:
    """At least so many, in whole trees of 1 + 4 + 8: a host, nodes with processors and memory, devices; 70 % full."""
    whole = -(-providers // TREE_SIZE) * TREE_SIZE
    nodes = (_full(1, 4, "VCPU", 8_192), _full(1, 4, "MEMORY_MB", 16_777_216))
    return Fleet(whole, whole, TREE_SIZE, (_full(0, 0, "DISK_GB", 131_072), *nodes, _full(5, 12, "PGPU", 2_048)))


def occupied(providers: int, allocations: int) -> Fleet:
    """Providers like those that are declared, with at least so many allocations, each of one class, on them."""
    stocks = tuple(Stocked(0, 0, name, ROOM, amount, amount) for name, amount in AMOUNTS.items())
    return Fleet(providers, max(-(-allocations // len(AMOUNTS)), providers), 1, stocks)


def _full(first: int, last: int, name: str, total: int) -> Stocked:
    return Stocked(first, last, name, total, total * 5 // 10, total * 9 // 10)


async def fill(connection: asyncpg.Connection, fleet: Fleet) -> None:
    """Put the fleet into a migrated database that has no providers yet."""
    ids = [provider(number) for number in range(fleet.providers)]
    stocks = fleet.stocks
    columns = [[getattr(one, name) for one in stocks] for name in Stocked.__slots__]
    async with connection.transaction(), _unlinked(connection):
        await connection.execute(INSERT_PROVIDERS, ids, fleet.tree_size, fleet.consumers, fleet.providers)
        await connection.execute(INSERT_TRAITS, TRAITS)
        await connection.execute(INSERT_LINKS, TRAITS, fleet.tree_size)
        await connection.execute(INSERT_INVENTORIES, *columns, fleet.tree_size)
        await connection.execute(INSERT_CONSUMERS, fleet.consumers)
        await connection.execute(INSERT_ALLOCATIONS, fleet.providers)
        await connection.execute(NEXT_IDS)
    await connection.execute("VACUUM ANALYZE")


@asynccontextmanager
async def _unlinked(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """Without foreign keys, which are checked all at once when made again: in a third of the time."""
    links = await connection.fetch(FOREIGN_KEYS)
    for table, name, _ in links:
        await connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    yield
    for table, name, definition in links:
        await connection.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


@asynccontextmanager
async def templates(ground: Ground, fleets: Iterable[Fleet]) -> AsyncIterator[dict[Fleet, str]]:
    """A database of each fleet, by its name, to be copied for each run; dropped when left."""
    async with AsyncExitStack() as made:
        found = {}
        for fleet in dict.fromkeys(fleets):
            url = await made.enter_async_context(database(ground.database_url, ground.bare))
            async with connected(url) as connection:
                await fill(connection, fleet)
            found[fleet] = named(url)
        yield found
