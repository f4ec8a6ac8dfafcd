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

KNOWN_CLASSES = text("SELECT name FROM resource_classes WHERE name = ANY (CAST(:names AS text[]))")

KNOWN_TRAITS = text("SELECT name FROM traits WHERE name = ANY (CAST(:names AS text[]))")


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


async def require_classes(connection: AsyncConnection, names: Iterable[str]) -> None:
    """Refuse with `resource_class_not_found` unless all exist."""
    missing = await _missing(connection, KNOWN_CLASSES, names)
    if missing:
        raise not_found("resource_class_not_found", "resource_classes", missing)


async def require_traits(connection: AsyncConnection, names: Iterable[str]) -> None:
    """Refuse with `trait_not_found` unless all exist."""
    missing = await _missing(connection, KNOWN_TRAITS, names)
    if missing:
        raise not_found("trait_not_found", "traits", missing)


async def _missing(connection: AsyncConnection, known: TextClause, names: Iterable[str]) -> list[str]:
    asked = set(names)
    if not asked:
        return []
    return sorted(asked - set((await connection.execute(known, {"names": sorted(asked)})).scalars()))
