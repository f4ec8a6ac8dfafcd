"""Who may do what, and for which projects: rules as values, and the rung of the ladder that they are.

Nothing is permitted unless a rule says so; rules only ever add, so that their order means nothing. Names are compared
character by character: no case is folded, nothing is normalised.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from worker.placement.claims import (
    AdjustAllocations,
    Claim,
    PlaceAllocations,
    ReshapeProviders,
    SetAllocations,
)
from worker.placement.ids import ClaimId
from worker.placement.ledger import Ledger
from worker.placement.outcomes import Code, Rejected
from worker.placement.refusals import refuse
from worker.placement.touched import consumers_of

PERMITS_KEPT: Final = 4_096
"""Users times ops that are looked up once; users are those of the broker, ops those of the contract."""

_OF_HOLDINGS: Final = (SetAllocations, ReshapeProviders)
_OF_ONE: Final = (AdjustAllocations, PlaceAllocations)


@dataclass(frozen=True, slots=True)
class Names:
    """Some texts: those listed, and all that begin in one of these ways (an empty beginning: all there are)."""

    exact: frozenset[str] = frozenset()
    beginnings: tuple[str, ...] = ()

    def __contains__(self, name: str) -> bool:
        return name in self.exact or name.startswith(self.beginnings)

    def __or__(self, other: "Names") -> "Names":
        return Names(self.exact | other.exact, tuple(sorted({*self.beginnings, *other.beginnings})))


@dataclass(frozen=True, slots=True)
class Rule:
    """These users may do these ops; `projects` None: for any project. `anonymous`: so may who is not known by name."""

    users: Names
    ops: frozenset[str]
    projects: Names | None = None
    anonymous: bool = False

    def is_about(self, user: str | None, op: str) -> bool:
        """Whether it gives that user that op."""
        return op in self.ops and (self.anonymous if user is None else user in self.users)


class Permit(NamedTuple):
    """What a user (None: not known) may do under an op: `granted`, and `projects`, None: for any."""

    user: str | None
    op: str
    granted: bool
    projects: Names | None = None

    def covers(self, project: str) -> bool:
        """Whether it is good for that project."""
        return self.granted and (self.projects is None or project in self.projects)


Permissions = Callable[[str | None, str], Permit]
"""(user, op): what the rules give."""

Permits = Mapping[ClaimId, Permit]
"""Of the claims of a batch, those that are not good for every project."""


def permissions(rules: Sequence[Rule]) -> Permissions:
    """What these rules give together; each answer is worked out once."""

    @lru_cache(PERMITS_KEPT)
    def permit(user: str | None, op: str) -> Permit:
        given = [rule.projects for rule in rules if rule.is_about(user, op)]
        projects: Names | None = Names()
        for one in given:
            projects = None if projects is None or one is None else projects | one
        return Permit(user, op, bool(given), projects)

    return permit


def refused_as_asked(claim: Claim, permit: Permit) -> Rejected | None:
    """The refusal of a claim for its op or for a project that it names, whatever there is."""
    if not permit.granted:
        return _refused(claim.id, permit, next(iter(projects_of(claim)), None))
    projects = permit.projects
    if projects is not None:
        for project in projects_of(claim):
            if project not in projects:
                return _refused(claim.id, permit, project)
    return None


def refused_as_found(claim: Claim, permit: Permit | None, ledger: Ledger) -> Rejected | None:
    """The refusal of a claim about a consumer that now belongs to another project, which is not told."""
    if permit is None or permit.projects is None:
        return None
    projects, consumers = permit.projects, ledger.consumers
    for consumer in consumers_of(claim):
        state = consumers.get(consumer)
        if state is not None and state.project not in projects:
            return _refused(claim.id, permit, None)
    return None


def projects_of(claim: Claim) -> Sequence[str]:
    """The projects that a claim names, in its order."""
    if isinstance(claim, _OF_HOLDINGS):
        return [holding.consumer.project for holding in claim.holdings]
    if isinstance(claim, _OF_ONE):
        return (claim.consumer.project,)
    return ()


def _refused(claim: ClaimId, permit: Permit, project: str | None) -> Rejected:
    return refuse(claim, Code.NOT_PERMITTED, [{"user": permit.user, "op": permit.op, "project": project}])
