"""Which plain trees meet what a request asks for beside amounts: found once, for all requests that ask for the same."""

from collections.abc import Hashable
from typing import Final

import numpy as np

from worker.placement.fleet.forest import Forest
from worker.placement.fleet.table import Table
from worker.placement.fleet.vector import Flags, Slots
from worker.placement.request import Group, Request

SIEVES_MAX: Final = 64
"""Sieves kept; each is a few bytes a slot."""


class Sieve:
    """As of one moment. `flags[slot]`: passes. `slots`: all that pass. `minds[slot]`: passes, or is no plain tree.

    The request has one group; a tree that it names is not looked at.
    """

    __slots__ = ("flags", "minds", "slots")

    def __init__(self, request: Request, table: Table, forest: Forest) -> None:
        (group,) = request.groups.values()
        plain = forest.plain.array
        self.flags = np.zeros(len(plain), np.bool_)
        size = table.size
        self.flags[:size] = plain[:size] & _passing(request, group, table)
        self.minds = self.flags | ~plain
        self.slots: Slots = np.flatnonzero(self.flags).astype(np.int32)


class Sieves:
    """Those used since providers were last made, ended or changed in anything but what is used."""

    __slots__ = ("_forest", "_kept", "_looks", "_table")

    def __init__(self, table: Table, forest: Forest) -> None:
        self._table, self._forest = table, forest
        self._looks = -1
        self._kept: dict[Hashable, Sieve] = {}

    def sieve(self, request: Request, looks: int) -> Sieve:
        """The sieve of a request as of now; `looks` differs whenever anything has changed that sieves look at."""
        if looks != self._looks or len(self._kept) >= SIEVES_MAX:
            self._kept.clear()
            self._looks = looks
        (group,) = request.groups.values()
        key = (
            group.required, group.forbidden, group.member_of, group.not_member_of,
            request.root_required, request.root_forbidden,
        )  # fmt: skip
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = Sieve(request, self._table, self._forest)
        return found


def _passing(request: Request, group: Group, table: Table) -> Flags:
    passing: Flags = table.enabled.array[: table.size].copy()
    for any_of in (*group.required, *(frozenset((trait,)) for trait in request.root_required)):
        passing &= table.having(any_of)
    forbidden = group.forbidden | request.root_forbidden
    if forbidden:
        passing &= ~table.having(forbidden)
    for names in group.member_of:
        passing &= table.members(names)
    if group.not_member_of:
        passing &= ~table.members(group.not_member_of)
    return passing
