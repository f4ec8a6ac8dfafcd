"""The filters of `provider.list` as conditions on `p`; each stands in the statement only where the query has it.

Of a list, the first few items are conditions of their own, so that the plan can begin with the narrowest; the planner's
time grows faster than their number, hence all others are one condition, tested row by row.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.queries import ProviderList

PLANNED_MAX = 3

PLAIN = {
    "after": "p.uuid > CAST(:after AS uuid)",
    "providers": "p.uuid = ANY (CAST(:providers AS uuid[]))",
    "name": "p.name = CAST(:name AS text)",
    "state": "p.state = CAST(:state AS text)",
    "in_tree": "p.root = (SELECT root FROM providers WHERE uuid = CAST(:in_tree AS uuid))",
}

MEMBER = """EXISTS (
    SELECT FROM provider_aggregates AS l WHERE l.provider = p.id AND l.aggregate = ANY (CAST(:{} AS uuid[])))"""

HAS_TRAIT = """EXISTS (
    SELECT FROM provider_traits AS l WHERE l.provider = p.id AND l.trait = ANY (CAST(:{} AS integer[])))"""

MEMBER_OF_REST = """(
    SELECT count(DISTINCT item)
    FROM unnest(CAST(:member_items AS integer[]), CAST(:member_choices AS uuid[])) AS asked (item, aggregate)
    JOIN provider_aggregates AS l ON l.provider = p.id AND l.aggregate = asked.aggregate
    ) = CAST(:member_count AS integer)"""

REQUIRED_REST = """(
    SELECT count(DISTINCT item)
    FROM unnest(CAST(:trait_items AS integer[]), CAST(:trait_choices AS integer[])) AS asked (item, trait)
    JOIN provider_traits AS l ON l.provider = p.id AND l.trait = asked.trait
    ) = CAST(:trait_count AS integer)"""

# A case, of which the planner thinks that half of all rows meet it; of plain comparisons it thinks that none does, and
# it would begin with all inventories of the class for a page that the first few providers fill.
ROOM = """CASE WHEN {amount} BETWEEN i.min_unit AND i.max_unit AND {amount} % i.step_size = 0
    THEN floor((i.total - i.reserved) * i.allocation_ratio) - i.used >= {amount} END"""

HAS_ROOM = """EXISTS (
    SELECT FROM inventories AS i WHERE i.provider = p.id AND i.class = CAST(:{class_} AS integer) AND {room})"""

ROOM_REST = """(
    SELECT count(*) FROM unnest(CAST(:classes AS integer[]), CAST(:amounts AS integer[])) AS asked (class, amount)
    JOIN inventories AS i ON i.provider = p.id AND i.class = asked.class WHERE {room}
    ) = CAST(:classes_count AS integer)"""


@dataclass(slots=True)
class Filters:
    """Conditions that all hold, and the values of their parameters."""

    conditions: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)

    def add(self, condition: str, **values: object) -> None:
        """One more."""
        self.conditions.append(condition)
        self.values |= values


def filters_of(query: ProviderList, classes: Mapping[str, int], traits: Mapping[str, int]) -> Filters:
    """What `query` asks for; `classes` and `traits` are the row ids of all names in it."""
    filters = Filters()
    for name, condition in PLAIN.items():
        value = getattr(query, name)
        if value is not None:
            filters.add(condition, **{name: value})
    _any_of(filters, "member", query.member_of or (), MEMBER, MEMBER_OF_REST)
    required = [[traits[name] for name in any_of] for any_of in query.required or ()]
    _any_of(filters, "trait", required, HAS_TRAIT, REQUIRED_REST)
    if query.not_member_of:
        filters.add(f"NOT {MEMBER.format('not_member_of')}", not_member_of=query.not_member_of)
    if query.forbidden:
        filters.add(f"NOT {HAS_TRAIT.format('forbidden')}", forbidden=[traits[name] for name in query.forbidden])
    _room(filters, [(classes[name], amount) for name, amount in (query.resources or {}).items()])
    return filters


def _any_of(filters: Filters, what: str, items: Sequence[Iterable[object]], one: str, rest: str) -> None:
    for number, choices in enumerate(items[:PLANNED_MAX]):
        filters.add(one.format(f"{what}_{number}"), **{f"{what}_{number}": list(choices)})
    more = [(number, choice) for number, choices in enumerate(items[PLANNED_MAX:]) for choice in choices]
    if more:
        given: dict[str, object] = {
            f"{what}_items": [number for number, _ in more],
            f"{what}_choices": [choice for _, choice in more],
            f"{what}_count": len(items) - PLANNED_MAX,
        }
        filters.add(rest, **given)


def _room(filters: Filters, amounts: Sequence[tuple[int, int]]) -> None:
    for number, (kind, amount) in enumerate(amounts[:PLANNED_MAX]):
        room = ROOM.format(amount=f"CAST(:amount_{number} AS integer)")
        values = {f"class_{number}": kind, f"amount_{number}": amount}
        filters.add(HAS_ROOM.format(class_=f"class_{number}", room=room), **values)
    more = amounts[PLANNED_MAX:]
    if more:
        kinds, wanted = [kind for kind, _ in more], [amount for _, amount in more]
        room = ROOM.format(amount="asked.amount")
        filters.add(ROOM_REST.format(room=room), classes=kinds, amounts=wanted, classes_count=len(more))
