"""Every provider's history from the events about it: gapless, never over capacity, and ending in the tables."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

Event = Mapping[str, Any]
Find = Callable[[str, str], None]
Amounts = dict[str, int]

SHOWN = ("name", "parent", "root", "state")


class Key(NamedTuple):
    """A provider as it was made once, by the id it has while it is there."""

    provider: str
    incarnation: int


class Sight(NamedTuple):
    """What one event tells of a provider at a generation; `changes`: it is one of those that brought it there."""

    cause: str
    generation: int
    facets: dict[str, Any]
    changes: bool
    reshapes: bool = False


@dataclass(slots=True)
class Provider:
    """A provider as replayed so far; `held` by consumer."""

    facets: dict[str, Any] = field(default_factory=lambda: {"inventories": {}, "traits": [], "aggregates": []})
    held: dict[str, Amounts] = field(default_factory=dict)

    def levels(self) -> dict[str, dict[str, int]]:
        """Capacity and use of each class, as they follow from inventories and holdings."""
        return {
            name: {"capacity": capacity(fields), "used": sum(held.get(name, 0) for held in self.held.values())}
            for name, fields in self.facets["inventories"].items()
        }


def capacity(fields: Mapping[str, Any]) -> int:
    """(total - reserved) x allocation_ratio, rounded down."""
    return int((fields["total"] - fields["reserved"]) * Decimal(fields["allocation_ratio"]))


def check_providers(events: Sequence[Event], table: Mapping[str, Any], find: Find) -> None:
    """Replay all providers and compare them with the table."""
    sights: defaultdict[Key, defaultdict[int, list[Sight]]] = defaultdict(lambda: defaultdict(list))
    deleted: dict[Key, int] = {}
    for event in events:
        for key, sight in _sights(event):
            sights[key][sight.generation].append(sight)
        if event["type"] == "provider.deleted":
            shown = event["data"]["provider"]
            deleted[Key(shown["provider"], shown["incarnation"])] = shown["generation"]
    there: dict[str, tuple[Key, int, Provider]] = {}
    for key, by_generation in sorted(sights.items()):
        replayed, last = _replay(key, by_generation, find)
        if key in deleted:
            if deleted[key] != last or replayed.held:
                find("unexpected", f"{key} was deleted at {deleted[key]} of {last}, held by {len(replayed.held)}")
        elif key.provider in there:
            find("unexpected", f"{key} is there twice")
        else:
            there[key.provider] = (key, last, replayed)
    _compare(there, table, find)


def _replay(key: Key, by_generation: Mapping[int, list[Sight]], find: Find) -> tuple[Provider, int]:
    """From its making to the last generation that was told."""
    provider = Provider()
    last = max(by_generation)
    for generation in range(last + 1):
        sights = by_generation.get(generation, [])
        changes = [sight for sight in sights if sight.changes]
        causes = {sight.cause for sight in changes}
        if len(causes) != 1:
            find("unexpected", f"{key} was brought to generation {generation} by {len(causes)} claims")
        before = provider.levels()
        for sight in changes:
            _apply(key, provider, sight, find)
        after = provider.levels()
        _within_capacity(f"{key} at generation {generation}", before, after, changes, find)
        for sight in sights:
            _same(f"{key} at generation {generation}", sight, {**provider.facets, "levels": after}, find)
    return provider, last


def _apply(key: Key, provider: Provider, sight: Sight, find: Find) -> None:
    for name, value in sight.facets.items():
        if name == "held":
            for consumer, (before, after) in value.items():
                if provider.held.get(consumer, {}) != before:
                    find("unexpected", f"{key} at {sight.generation}: {consumer} did not hold what {sight.cause} says")
                provider.held[consumer] = after
                if not after:
                    del provider.held[consumer]
        elif name != "levels":
            provider.facets[name] = value


def _same(where: str, sight: Sight, state: Mapping[str, Any], find: Find) -> None:
    for name, value in sight.facets.items():
        if name != "held" and value != state.get(name):
            find("unexpected", f"{where}: claim {sight.cause} says {name} {value}, the events {state.get(name)}")


def _within_capacity(
    where: str, before: Mapping[str, Any], after: Mapping[str, Any], changes: Sequence[Sight], find: Find
) -> None:
    """No amount may grow beyond capacity; what was over it, because capacity shrank, may stay or fall."""
    nothing = {"capacity": 0, "used": 0}
    for name, level in after.items():
        had = before.get(name, nothing)
        widest = had["capacity"] if any(sight.reshapes for sight in changes) else 0
        if level["used"] > max(level["capacity"], widest) and level["used"] > had["used"]:
            find("over_allocated", f"{where}: {level['used']} of {level['capacity']} {name}")


def _sights(event: Event) -> Iterator[tuple[Key, Sight]]:
    """What an event tells of providers."""
    data, kind = event["data"], event["type"]
    cause = event.get("claimid") or event["causeid"]
    changed = data.get("changed", True)
    if kind in {"allocation.granted", "allocation.released", "provider.reshaped"}:
        yield from _levels(data, cause, changed)
    elif kind in {"provider.created", "provider.updated", "provider.state_changed", "provider.deleted"}:
        shown = data["provider"]
        facets = {name: shown[name] for name in SHOWN}
        yield _key(shown), Sight(cause, shown["generation"], facets, changed and kind != "provider.deleted")
        for root in data.get("roots", ()):
            yield _key(root), Sight(cause, root["generation"], {"root": root["root"]}, changed)
    elif kind == "inventory.changed":
        facets = {"inventories": data["after"], "levels": data["inventories"]}
        yield _key(data), Sight(cause, data["generation"], facets, changed)
    elif kind in {"provider_traits.changed", "provider_aggregates.changed"}:
        name = kind.removeprefix("provider_").removesuffix(".changed")
        yield _key(data), Sight(cause, data["generation"], {name: data["after"]}, changed)


def _levels(data: Mapping[str, Any], cause: str, changed: bool) -> Iterator[tuple[Key, Sight]]:
    reshaped = data.get("inventories", {})
    for provider, levels in data["providers"].items():
        held = {
            one["id"]: (one["before"].get(provider, {}), one["after"].get(provider, {})) for one in data["consumers"]
        }
        held = {consumer: parts for consumer, parts in held.items() if parts[0] != parts[1]}
        facets: dict[str, Any] = {"levels": levels["inventories"], "held": held}
        moved = False
        if provider in reshaped:
            facets["inventories"] = reshaped[provider]["after"]
            moved = reshaped[provider]["before"] != reshaped[provider]["after"]
        sight = Sight(cause, levels["generation"], facets, changed and bool(held or moved), bool(reshaped))
        yield Key(provider, levels["incarnation"]), sight


def _key(shown: Mapping[str, Any]) -> Key:
    return Key(shown["provider"], shown["incarnation"])


def _without_used(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name != "used"}


def _compare(there: Mapping[str, tuple[Key, int, Provider]], table: Mapping[str, Any], find: Find) -> None:
    """The providers that were replayed are those of the table, to the last field."""
    for name in sorted(there.keys() | table.keys()):
        if name not in there or name not in table:
            find("unexpected", f"provider {name} is {'not in the table' if name in there else 'in no event'}")
            continue
        (key, generation, replayed), row = there[name], table[name]
        told = {**replayed.facets, "incarnation": key.incarnation, "generation": generation}
        kept = {**row, "inventories": {name: _without_used(fields) for name, fields in row["inventories"].items()}}
        for part in sorted(told.keys() | kept.keys()):
            if told.get(part) != kept.get(part):
                find("unexpected", f"{key}: the events tell {part} {told.get(part)}, the table {kept.get(part)}")
        used = {name: level["used"] for name, level in replayed.levels().items()}
        counted = {name: fields["used"] for name, fields in row["inventories"].items()}
        if used != counted:
            find("unexpected", f"{key}: the events add up to {used}, the counters are {counted}")
