"""The flags for a request, for claims that place and queries that search. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import typer

from worker.cli.compose import Fields, class_amounts

UNNAMED: Final = ""
NAMED: Final = "_"
EITHER: Final = "|"

Resources = Annotated[
    list[str], typer.Option(metavar="CLASS=AMOUNT,...", help="Asked for; _NAME:CLASS=AMOUNT,... for a named group.")
]
Require = Annotated[
    list[str], typer.Option(metavar="TRAIT", help="Required; A|B: either; _NAME:TRAIT for a named group.")
]
Forbid = Annotated[list[str], typer.Option(metavar="TRAIT", help="Forbidden; _NAME:TRAIT for a named group.")]
Policy = Annotated[str | None, typer.Option(metavar="none|isolate", help="May named groups meet on one provider?")]
Strategy = Annotated[str | None, typer.Option(metavar="first|pack|spread|random", help="Which candidate comes first.")]


@dataclass(frozen=True, slots=True)
class Asked:
    """The flags as they were given."""

    resources: Sequence[str] = ()
    require: Sequence[str] = ()
    forbid: Sequence[str] = ()
    policy: str | None = None
    strategy: str | None = None


def request_from(asked: Asked) -> Fields:
    """The request's fields that were given; none where no flag was."""
    groups: dict[str, Fields] = {}
    for name, amounts in map(_grouped, asked.resources):
        groups.setdefault(name, {}).setdefault("resources", {}).update(class_amounts(amounts))
    for name, trait in map(_grouped, asked.require):
        either = trait.split(EITHER)
        groups.setdefault(name, {}).setdefault("required", []).append(either if len(either) > 1 else trait)
    for name, trait in map(_grouped, asked.forbid):
        groups.setdefault(name, {}).setdefault("forbidden", []).append(trait)
    given = {"groups": groups, "group_policy": asked.policy, "strategy": asked.strategy}
    return {name: value for name, value in given.items() if value}


def _grouped(text: str) -> tuple[str, str]:
    """The group and what stands behind its name."""
    name, found, rest = text.partition(":")
    return (name, rest) if found and name.startswith(NAMED) else (UNNAMED, text)
