"""Answers about providers."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.queries import ProviderGet, ProviderList
from worker.postgres.provider_filters import filters_of
from worker.postgres.read_names import require_classes, require_traits
from worker.postgres.read_parts import moment, not_found

COLUMNS = """
    SELECT p.uuid::text, p.name, p.generation, p.id, (SELECT uuid::text FROM providers WHERE id = p.parent),
           (SELECT uuid::text FROM providers WHERE id = p.root), p.state, p.created_at, p.updated_at
    FROM providers AS p
"""

ONE = text(f"{COLUMNS} WHERE p.uuid = CAST(:provider AS uuid)")

# For the values given: a plan for any values takes every filter for one that many providers pass, and would read all of
# them in order of their ids for a page.
PLAN_ANEW = text("SELECT set_config('plan_cache_mode', 'force_custom_plan', true)")


async def get_provider(connection: AsyncConnection, query: ProviderGet) -> dict[str, object]:
    """One provider."""
    row = (await connection.execute(ONE, {"provider": query.provider})).one_or_none()
    if row is None:
        raise not_found("provider_not_found", "providers", [query.provider])
    return _shown(row)


async def list_providers(connection: AsyncConnection, query: ProviderList) -> dict[str, object]:
    """A page of the providers that pass all filters, by id."""
    named = {name for any_of in query.required or () for name in any_of}
    classes = await require_classes(connection, query.resources or ())
    traits = await require_traits(connection, named.union(query.forbidden or ()))
    page, asked = page_of(query, classes, traits)
    await connection.execute(PLAN_ANEW)
    rows = (await connection.execute(page, asked)).all()
    shown = [_shown(row) for row in rows[: query.page_size]]
    return {"providers": shown, "next": shown[-1]["provider"] if len(rows) > query.page_size else None}


def page_of(
    query: ProviderList, classes: Mapping[str, int], traits: Mapping[str, int]
) -> tuple[TextClause, dict[str, Any]]:
    """The statement and its parameters for a page and one row more; the row ids are those of the names in it."""
    filters = filters_of(query, classes, traits)
    where = " AND ".join(filters.conditions) or "true"
    page = text(f"{COLUMNS} WHERE {where} ORDER BY p.uuid LIMIT :limit")
    return page, filters.values | {"limit": query.page_size + 1}


def _shown(row: Sequence[Any]) -> dict[str, object]:
    provider, name, generation, incarnation, parent, root, state, created_at, updated_at = row
    return {
        "provider": provider,
        "name": name,
        "generation": generation,
        "incarnation": incarnation,
        "parent": parent,
        "root": root,
        "state": state,
        "created_at": moment(created_at),
        "updated_at": moment(updated_at),
    }
