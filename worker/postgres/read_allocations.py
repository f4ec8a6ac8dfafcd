"""Answers about who holds what, and what is used."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.queries import AllocationGet, AllocationList, UsageProject, UsageProvider
from worker.postgres.read_parts import members, nested, providers_found

CONSUMERS = text("""
    SELECT uuid::text, project, "user", type, generation FROM consumers
    WHERE uuid = ANY (CAST(:ids AS uuid[])) ORDER BY uuid
""")

HELD = text("""
    SELECT holder.uuid::text, p.uuid::text, p.generation, c.name, a.amount
    FROM consumers AS holder JOIN allocations AS a ON a.consumer = holder.id
    JOIN providers AS p ON p.id = a.provider JOIN resource_classes AS c ON c.id = a.class
    WHERE holder.uuid = ANY (CAST(:ids AS uuid[])) ORDER BY holder.uuid, p.uuid, c.name
""")

HOLDERS = text("""
    SELECT p.uuid::text, holder.uuid::text, holder.generation, c.name, a.amount
    FROM providers AS p JOIN allocations AS a ON a.provider = p.id
    JOIN consumers AS holder ON holder.id = a.consumer JOIN resource_classes AS c ON c.id = a.class
    WHERE p.uuid = ANY (CAST(:ids AS uuid[])) ORDER BY p.uuid, holder.uuid, c.name
""")

USED = text("""
    SELECT p.uuid::text, c.name, i.used
    FROM providers AS p JOIN inventories AS i ON i.provider = p.id JOIN resource_classes AS c ON c.id = i.class
    WHERE p.uuid = ANY (CAST(:ids AS uuid[])) ORDER BY p.uuid, c.name
""")

PROJECT = text("""
    WITH mine AS MATERIALIZED (
        SELECT id, CASE WHEN CAST(:type AS text) = 'all' THEN 'all' ELSE coalesce(type, 'unknown') END AS kind
        FROM consumers
        WHERE project = CAST(:project AS text) AND (CAST(:user AS text) IS NULL OR "user" = CAST(:user AS text))
        AND (CAST(:type AS text) IS NULL OR CAST(:type AS text) IN ('all', coalesce(type, 'unknown')))
    ),
    counted AS (SELECT kind, count(*) AS consumers FROM mine GROUP BY kind)
    SELECT kind, counted.consumers, c.name, sum(a.amount)::bigint
    FROM mine JOIN counted USING (kind) JOIN allocations AS a ON a.consumer = mine.id
    JOIN resource_classes AS c ON c.id = a.class
    GROUP BY kind, counted.consumers, c.name ORDER BY kind, c.name
""")


async def get_allocations(connection: AsyncConnection, query: AllocationGet) -> dict[str, object]:
    """What consumers hold; who holds nothing is left out."""
    asked = {"ids": sorted(set(query.consumers))}
    consumers = (await connection.execute(CONSUMERS, asked)).all()
    held = (await connection.execute(HELD, asked)).all()
    generations = {provider: generation for _, provider, generation, _, _ in held}
    amounts = nested((holder, provider, name, amount) for holder, provider, _, name, amount in held)
    return {
        "consumers": {
            uuid: {
                "project": project,
                "user": user,
                "type": kind,
                "generation": generation,
                "allocations": {
                    provider: {"generation": generations[provider], "resources": resources}
                    for provider, resources in members(amounts, uuid).items()
                },
            }
            for uuid, project, user, kind, generation in consumers
        }
    }


async def list_allocations(connection: AsyncConnection, query: AllocationList) -> dict[str, object]:
    """Who holds what of providers, a page of providers at a time, each whole."""
    found = await providers_found(connection, query.providers)
    left = [provider for provider in found if query.after is None or provider > query.after]
    page = left[: query.page_size]
    rows = (await connection.execute(HOLDERS, {"ids": page})).all()
    generations = {holder: generation for _, holder, generation, _, _ in rows}
    amounts = nested((provider, holder, name, amount) for provider, holder, _, name, amount in rows)
    return {
        "providers": {
            provider: {
                "generation": found[provider][0],
                "consumers": {
                    holder: {"generation": generations[holder], "resources": resources}
                    for holder, resources in members(amounts, provider).items()
                },
            }
            for provider in page
        },
        "next": page[-1] if len(left) > len(page) else None,
    }


async def use_of_providers(connection: AsyncConnection, query: UsageProvider) -> dict[str, object]:
    """What is used on providers: every class with inventory, zeros too."""
    found = await providers_found(connection, query.providers)
    used = nested(map(tuple, await connection.execute(USED, {"ids": [*found]})))
    return {
        "providers": {
            provider: {"generation": generation, "usages": members(used, provider)}
            for provider, (generation, _) in found.items()
        }
    }


async def use_of_project(connection: AsyncConnection, query: UsageProject) -> dict[str, object]:
    """What a project uses, by consumer type."""
    asked = {"project": query.project, "user": query.user, "type": query.type}
    rows = (await connection.execute(PROJECT, asked)).all()
    counts = {kind: consumers for kind, consumers, _, _ in rows}
    used = nested((kind, name, amount) for kind, _, name, amount in rows)
    return {
        "usages": {kind: {"consumer_count": count, "resources": used[kind]} for kind, count in counts.items()},
    }
