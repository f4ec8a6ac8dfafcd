"""Answers about resource classes and traits."""

from collections.abc import Iterable

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.queries import ResourceClassGet, TraitGet, TraitList
from worker.postgres.read_parts import not_found

CLASSES = text("SELECT name FROM resource_classes ORDER BY ordinal NULLS LAST, name")

TRAITS = text("""
    SELECT name FROM traits
    WHERE (CAST(:names AS text[]) IS NULL OR name = ANY (CAST(:names AS text[])))
    AND (CAST(:prefix AS text) IS NULL OR starts_with(name, CAST(:prefix AS text)))
    AND (CAST(:associated AS boolean) IS NULL
         OR CAST(:associated AS boolean) = EXISTS (SELECT FROM provider_traits WHERE trait = traits.id))
    ORDER BY ordinal NULLS LAST, name
""")

KNOWN_CLASSES = text("SELECT name, id FROM resource_classes WHERE name = ANY (CAST(:names AS text[]))")

KNOWN_TRAITS = text("SELECT name, id FROM traits WHERE name = ANY (CAST(:names AS text[]))")


async def list_classes(connection: AsyncConnection) -> dict[str, object]:
    """All names, standard ones first."""
    return {"names": list((await connection.execute(CLASSES)).scalars())}


async def get_class(connection: AsyncConnection, query: ResourceClassGet) -> dict[str, object]:
    """The name itself, where it exists."""
    await require_classes(connection, [query.name])
    return {"name": query.name}


async def list_traits(connection: AsyncConnection, query: TraitList) -> dict[str, object]:
    """The names that pass all filters, standard ones first."""
    await require_traits(connection, query.names or ())
    names = None if query.names is None else list(query.names)
    asked = {"names": names, "prefix": query.prefix, "associated": query.associated}
    return {"names": list((await connection.execute(TRAITS, asked)).scalars())}


async def get_trait(connection: AsyncConnection, query: TraitGet) -> dict[str, object]:
    """The name itself, where it exists."""
    await require_traits(connection, [query.name])
    return {"name": query.name}


async def require_classes(connection: AsyncConnection, names: Iterable[str]) -> dict[str, int]:
    """{name: row id} of all, or the refusal `resource_class_not_found`."""
    found, missing = await _known(connection, KNOWN_CLASSES, names)
    if missing:
        raise not_found("resource_class_not_found", "resource_classes", missing)
    return found


async def require_traits(connection: AsyncConnection, names: Iterable[str]) -> dict[str, int]:
    """{name: row id} of all, or the refusal `trait_not_found`."""
    found, missing = await _known(connection, KNOWN_TRAITS, names)
    if missing:
        raise not_found("trait_not_found", "traits", missing)
    return found


async def _known(
    connection: AsyncConnection, known: TextClause, names: Iterable[str]
) -> tuple[dict[str, int], list[str]]:
    asked = set(names)
    if not asked:
        return {}, []
    rows = await connection.execute(known, {"names": sorted(asked)})
    found: dict[str, int] = dict(map(tuple, rows))
    return found, sorted(asked - found.keys())
