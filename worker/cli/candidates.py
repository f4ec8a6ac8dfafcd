"""Candidates, and the explanation of why there are none or few, as people read them."""

from collections.abc import Mapping
from typing import Any, Final

from worker.cli.screen import show_table, tell

UNNAMED: Final = "(unnamed)"
NEAREST: Final = ("group", "provider", "resource_class", "requested", "capacity", "used", "free", "lacking")


def show_candidates(answer: Mapping[str, Any]) -> None:
    """Who would give what, in the order of the strategy, and the trees that they stand in."""
    requests, summaries = answer["allocation_requests"], answer["provider_summaries"]
    rows = (
        (number if first else "", provider, ", ".join(_groups(request, provider)), resources)
        for number, request in enumerate(requests, start=1)
        for first, (provider, resources) in _firsts(request["allocations"])
    )
    show_table("candidates", ["number", "provider", "for", "amounts"], rows)
    if not requests:
        tell("none; candidates.explain says why", "dim")
        return
    if answer["truncated"]:
        tell("there are more", "dim")
    show_table("their trees", ["provider", "below", "used of capacity", "traits"], map(_summary, summaries.items()))


def show_explanation(told: Mapping[str, Any]) -> None:
    """What was left after each step: providers by group, then whole trees; and what came nearest."""
    ladders = {name or UNNAMED: {_step(row): row["left"] for row in rows} for name, rows in told["groups"].items()}
    steps = dict.fromkeys(step for ladder in ladders.values() for step in ladder)
    rows = ((*step, *(ladder.get(step) for ladder in ladders.values())) for step in steps)
    show_table("providers left, by group", ["after step", "of class", *ladders], rows)
    show_table("trees left", ["after step", "trees"], ((row["step"], row["left"]) for row in told["trees"]))
    if told["nearest"]:
        nearest = ([row["group"] or UNNAMED, *(row[name] for name in NEAREST[1:])] for row in told["nearest"])
        show_table("nearest misses", ["group", "provider", "class", *NEAREST[3:]], nearest)


def _step(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["step"], row.get("resource_class", "")


def _groups(request: Mapping[str, Any], provider: str) -> list[str]:
    return [name or UNNAMED for name, providers in request["mappings"].items() if provider in providers]


def _firsts(allocations: Mapping[str, Any]) -> list[tuple[bool, tuple[str, Any]]]:
    return [(place == 0, pair) for place, pair in enumerate(sorted(allocations.items()))]


def _summary(entry: tuple[str, Mapping[str, Any]]) -> tuple[object, ...]:
    provider, shown = entry
    fills = {name: f"{fill['used']} of {fill['capacity']}" for name, fill in shown["resources"].items()}
    return provider, shown["parent"], fills, shown["traits"]
