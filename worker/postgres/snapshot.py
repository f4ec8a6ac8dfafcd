"""Reads all rows that a batch names in one statement, so that they are of one moment of the committed state.

One row comes back. Of what every batch has many of, each field is an array of its own, which the driver reads six
times as fast as an array of records; the rest are such arrays, a kind of thing each.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from worker.placement.ids import AggregateId, ConsumerId, ProviderId, ResourceClass, RowId, Trait
from worker.placement.snapshot import EXAMPLES_MAX, ConsumerRow, Known, ProviderRow, Snapshot, Users, Wanted
from worker.postgres.provider_rows import PROVIDER, STOCK, provider_rows
from worker.postgres.rows import Fields, literal, records

NOTHING = Known(0, {})

Records = Sequence[tuple[Any, ...]]
"""Records as the driver gives them: their shape is that of the statement above them."""

TREES = """
        UNION SELECT id FROM providers
              WHERE root = ANY (ARRAY(SELECT root FROM providers WHERE uuid = ANY (CAST(:trees AS uuid[]))))
"""

DETAILS = f"""
    , ARRAY(SELECT ROW(l.provider, t.name) FROM provider_traits AS l JOIN traits AS t ON t.id = l.trait
            WHERE l.provider = ANY (ARRAY(SELECT id FROM providers WHERE uuid = ANY (CAST(:linked AS uuid[]))))),
    ARRAY(SELECT ROW(provider, aggregate::text) FROM provider_aggregates
          WHERE provider = ANY (ARRAY(SELECT id FROM providers WHERE uuid = ANY (CAST(:linked AS uuid[]))))),
    ARRAY(SELECT ROW(name, uuid::text) FROM providers WHERE name = ANY (CAST(:names AS text[]))),
    ARRAY(SELECT nextval('providers_id_seq') FROM generate_series(1, CAST(:new_providers AS integer))),
    ARRAY(WITH held AS MATERIALIZED (SELECT id, uuid FROM providers WHERE uuid = ANY (CAST(:held AS uuid[])))
          SELECT ROW((SELECT uuid::text FROM held WHERE id = provider),
                     (SELECT name FROM resource_classes WHERE id = class), count(*),
                     (array_agg(uuid::text ORDER BY uuid))[1:{EXAMPLES_MAX}])
          FROM (SELECT provider, class, (SELECT uuid FROM consumers WHERE id = consumer) FROM allocations
                WHERE provider = ANY (ARRAY(SELECT id FROM held))) AS holder
          GROUP BY provider, class),
    ARRAY(SELECT ROW((SELECT name FROM resource_classes WHERE id = class),
                     count(*), (array_agg(uuid::text ORDER BY uuid))[1:{EXAMPLES_MAX}])
          FROM (SELECT class, (SELECT uuid FROM providers WHERE id = provider) FROM inventories WHERE class = ANY (
                ARRAY(SELECT id FROM resource_classes WHERE name = ANY (CAST(:classes_used AS text[]))))) AS holder
          GROUP BY class),
    ARRAY(SELECT ROW((SELECT name FROM traits WHERE id = trait),
                     count(*), (array_agg(uuid::text ORDER BY uuid))[1:{EXAMPLES_MAX}])
          FROM (SELECT trait, (SELECT uuid FROM providers WHERE id = provider) FROM provider_traits WHERE trait = ANY (
                ARRAY(SELECT id FROM traits WHERE name = ANY (CAST(:traits_used AS text[]))))) AS holder
          GROUP BY trait)
"""  # noqa: S608 - a number of ours
NO_DETAILS: Sequence[Any] = ((),) * 7


def _load(trees: str = "", details: str = "") -> TextClause:
    """Rows are reached through `= ANY (ARRAY(...))` rather than by joins.

    Those are planned as look-ups by key, whatever the planner thinks of the size of the tables.
    """
    return text(f"""
    WITH named AS MATERIALIZED (
        SELECT id, uuid, project, "user", type, generation FROM consumers
        WHERE uuid = ANY (CAST(CAST(:consumers AS text) AS uuid[]))
        AND id <> ALL (CAST(:own AS bigint[]))
    ),
    holding AS MATERIALIZED (
        SELECT consumer, provider, (SELECT uuid FROM providers WHERE id = provider) AS uuid, class, amount
        FROM allocations WHERE consumer = ANY (ARRAY(SELECT id FROM named))
    ),
    catalogue AS MATERIALIZED (
        SELECT coalesce(hashtextextended(string_agg(id || ' ' || xmin || ' ' || name, ',' ORDER BY id), 0), 0) AS token
        FROM resource_classes WHERE ordinal IS NULL
    ),
    known AS MATERIALIZED (
        SELECT given.id, given.uuid, coalesce(
            given.generation = (SELECT generation FROM providers WHERE id = given.id), false)
            AND CAST(:catalogue AS bigint) = (SELECT token FROM catalogue) AS stands
        FROM unnest(CAST(CAST(:known AS text) AS uuid[]), CAST(CAST(:known_rows AS text) AS bigint[]),
                    CAST(CAST(:known_generations AS text) AS bigint[])) AS given (uuid, id, generation)
    ),
    chosen AS MATERIALIZED (
        SELECT id FROM providers WHERE uuid = ANY (CAST(CAST(:providers AS text) AS uuid[]))
        UNION SELECT id FROM providers WHERE uuid = ANY (ARRAY(SELECT uuid FROM known WHERE NOT stands))
        UNION SELECT provider FROM holding
        {trees}
    )
    SELECT now(), (SELECT token FROM catalogue), ARRAY(SELECT id FROM known WHERE stands),
    provider.*, stock.*, consumer.*, allocation.*,
    ARRAY(SELECT ROW(name, ordinal IS NOT NULL) FROM resource_classes WHERE name = ANY (CAST(:classes AS text[]))),
    ARRAY(SELECT ROW(name, ordinal IS NOT NULL) FROM traits WHERE name = ANY (CAST(:traits AS text[])))
    {details}
    FROM {PROVIDER}, {STOCK},
    (SELECT array_agg(id), array_agg(uuid::text), array_agg(project), array_agg("user"), array_agg(type),
            array_agg(generation) FROM named) AS consumer,
    (SELECT array_agg(consumer), array_agg(uuid::text), array_agg(name), array_agg(amount)
     FROM (SELECT h.consumer, h.uuid, c.name, h.amount
           FROM holding AS h JOIN resource_classes AS c ON c.id = h.class
           ORDER BY h.consumer, h.uuid, c.name) AS one) AS allocation
    """)  # noqa: S608 - texts of ours


# The server sets up every part of a statement, whether or not it has to look for anything: a third of the time that one
# claim's read took went into what no allocation asks for.
LOAD, LOAD_WITH_DETAILS = _load(), _load(TREES, DETAILS)


async def load_snapshot(connection: AsyncConnection, wanted: Wanted, own: Iterable[RowId]) -> Snapshot:
    """What `wanted` names, without the consumers `own` that this transaction itself inserted."""
    load = LOAD_WITH_DETAILS if wanted.details else LOAD
    row = (await connection.execute(load, _parameters(wanted, own))).one()
    now, catalogue, standing = row[:3]
    providers, stocks, consumers, allocations = row[3:12], row[12:21], row[21:27], row[27:31]
    classes, known = row[31:33]
    traits, aggregates, names, new_rows, holders, class_users, trait_users = row[33:] or NO_DETAILS
    return Snapshot(
        now=now,
        catalogue=catalogue,
        providers=_standing(wanted.known, standing) | _providers(providers, stocks, traits, aggregates),
        consumers=_consumers(consumers, allocations),
        names=dict(map(tuple, names)),
        classes=frozenset(name for name, _ in classes),
        traits=frozenset(name for name, _ in known),
        standard_classes=frozenset(name for name, standard in classes if standard),
        standard_traits=frozenset(name for name, standard in known if standard),
        new_rows=tuple(new_rows),
        holders=_holders(holders),
        class_users={name: Users(count, tuple(examples)) for name, count, examples in class_users},
        trait_users={name: Users(count, tuple(examples)) for name, count, examples in trait_users},
    )


def _parameters(wanted: Wanted, own: Iterable[RowId]) -> dict[str, object]:
    known = wanted.known or NOTHING
    rows = known.rows.values()
    given: dict[str, object] = {
        "catalogue": known.catalogue,
        "known": literal(known.rows),
        "known_rows": literal([row.row for row in rows]),
        "known_generations": literal([row.generation for row in rows]),
        "providers": literal([name for name in wanted.providers if name not in known.rows]),
        "consumers": literal(wanted.consumers),
        "own": sorted(own),
        "classes": wanted.classes,
        "traits": wanted.traits,
    }
    if wanted.details:
        given |= {
            "names": wanted.names,
            "trees": wanted.trees,
            "linked": wanted.linked,
            "held": wanted.held,
            "classes_used": wanted.classes_used,
            "traits_used": wanted.traits_used,
            "new_providers": wanted.new_providers,
        }
    return given


def _standing(known: Known | None, standing: Sequence[RowId]) -> dict[ProviderId, ProviderRow]:
    if known is None or not standing:
        return {}
    stand = set(standing)
    return {name: row for name, row in known.rows.items() if row.row in stand}


def _providers(
    providers: Fields, stocks: Fields, traits: Records, aggregates: Records
) -> dict[ProviderId, ProviderRow]:
    trait_links: defaultdict[int, set[Trait]] = defaultdict(set)
    for provider, trait in traits:
        trait_links[provider].add(trait)
    aggregate_links: defaultdict[int, set[AggregateId]] = defaultdict(set)
    for provider, aggregate in aggregates:
        aggregate_links[provider].add(aggregate)
    linked_traits = {provider: frozenset(names) for provider, names in trait_links.items()}
    linked_aggregates = {provider: frozenset(names) for provider, names in aggregate_links.items()}
    return {row.id: row for row in provider_rows(providers, stocks, linked_traits, linked_aggregates)}


def _consumers(consumers: Fields, allocations: Fields) -> dict[ConsumerId, ConsumerRow]:
    held: defaultdict[int, dict[ProviderId, dict[ResourceClass, int]]] = defaultdict(dict)
    for consumer, provider, name, amount in records(allocations):
        held[consumer].setdefault(provider, {})[name] = amount
    return {
        uuid: ConsumerRow(
            row=row, id=uuid, project=project, user=user, type=kind, generation=generation, allocations=held[row]
        )
        for row, uuid, project, user, kind, generation in records(consumers)
    }


def _holders(holders: Records) -> dict[ProviderId, dict[ResourceClass, Users]]:
    held: defaultdict[ProviderId, dict[ResourceClass, Users]] = defaultdict(dict)
    for provider, name, count, examples in holders:
        held[provider][name] = Users(count, tuple(examples))
    return dict(held)
