"""Answers about providers, and the filters of their list."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.queries import ProviderGet, ProviderList
from worker.postgres.read_names import require_classes, require_traits
from worker.postgres.read_parts import moment, not_found

COLUMNS = """
    SELECT p.uuid::text, p.name, p.generation, p.id, (SELECT uuid::text FROM providers WHERE id = p.parent),
           (SELECT uuid::text FROM providers WHERE id = p.root), p.state, p.created_at, p.updated_at
    FROM providers AS p
"""

ONE = text(f"{COLUMNS} WHERE p.uuid = CAST(:provider AS uuid)")

# Each filter stands in the statement only where the query has it, so that its plan can begin with the narrowest.
FILTERS = {
    "after": "p.uuid > CAST(:after AS uuid)",
    "providers": "p.uuid = ANY (CAST(:providers AS uuid[]))",
    "name": "p.name = CAST(:name AS text)",
    "state": "p.state = CAST(:state AS text)",
    "in_tree": "p.root = (SELECT root FROM providers WHERE uuid = CAST(:in_tree AS uuid))",
    "member_of": """(
        SELECT count(DISTINCT item) FROM unnest(CAST(:member_of_items AS integer[]), CAST(:member_of AS uuid[]))
                                         AS asked (item, aggregate)
        JOIN provider_aggregates AS l ON l.provider = p.id AND l.aggregate = asked.aggregate
        ) = CAST(:member_of_count AS integer)""",
    "not_member_of": """NOT EXISTS (
        SELECT FROM provider_aggregates AS l
        WHERE l.provider = p.id AND l.aggregate = ANY (CAST(:not_member_of AS uuid[])))""",
    "required": """(
        SELECT count(DISTINCT item) FROM unnest(CAST(:required_items AS integer[]), CAST(:required AS text[]))
                                         AS asked (item, name)
        JOIN traits AS t ON t.name = asked.name JOIN provider_traits AS l ON l.provider = p.id AND l.trait = t.id
        ) = CAST(:required_count AS integer)""",
    "forbidden": """NOT EXISTS (
        SELECT FROM provider_traits AS l JOIN traits AS t ON t.id = l.trait
        WHERE l.provider = p.id AND t.name = ANY (CAST(:forbidden AS text[])))""",
    "resources": """(
        SELECT count(*) FROM unnest(CAST(:classes AS text[]), CAST(:amounts AS integer[])) AS asked (name, amount)
        JOIN resource_classes AS c ON c.name = asked.name
        JOIN inventories AS i ON i.provider = p.id AND i.class = c.id
        WHERE asked.amount BETWEEN i.min_unit AND i.max_unit AND asked.amount % i.step_size = 0
        AND floor((i.total - i.reserved) * i.allocation_ratio) - i.used >= asked.amount
        ) = CAST(:classes_count AS integer)""",
}


async def get_provider(connection: AsyncConnection, query: ProviderGet) -> dict[str, object]:
    """One provider."""
    row = (await connection.execute(ONE, {"provider": query.provider})).one_or_none()
    if row is None:
        raise not_found("provider_not_found", "providers", [query.provider])
    return _shown(row)


async def list_providers(connection: AsyncConnection, query: ProviderList) -> dict[str, object]:
    """A page of the providers that pass all filters, by id."""
    await require_classes(connection, query.resources or ())
    await require_traits(connection, [*(name for any_of in query.required or () for name in any_of)])
    await require_traits(connection, query.forbidden or ())
    asked = _parameters(query)
    where = " AND ".join(condition for name, condition in FILTERS.items() if name in asked) or "true"
    page = text(f"{COLUMNS} WHERE {where} ORDER BY p.uuid LIMIT :limit")
    rows = (await connection.execute(page, asked)).all()
    shown = [_shown(row) for row in rows[: query.page_size]]
    return {"providers": shown, "next": shown[-1]["provider"] if len(rows) > query.page_size else None}


def _parameters(query: ProviderList) -> dict[str, Any]:
    given: dict[str, Any] = {
        "after": query.after,
        "providers": query.providers,
        "name": query.name,
        "state": query.state,
        "in_tree": query.in_tree,
        "not_member_of": query.not_member_of,
        "forbidden": query.forbidden,
    }
    if query.member_of is not None:
        given |= _any_of("member_of", query.member_of)
    if query.required is not None:
        given |= _any_of("required", query.required)
    if query.resources is not None:
        amounts = dict(query.resources)
        given |= {
            "resources": True,
            "classes": [*amounts],
            "amounts": [*amounts.values()],
            "classes_count": len(amounts),
        }
    kept = {name: value for name, value in given.items() if value is not None}
    return kept | {"limit": query.page_size + 1}


def _any_of(name: str, items: Sequence[Sequence[str]]) -> dict[str, Any]:
    pairs = [(number, choice) for number, choices in enumerate(items) for choice in choices]
    return {
        name: [choice for _, choice in pairs],
        f"{name}_items": [number for number, _ in pairs],
        f"{name}_count": len(items),
    }


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
