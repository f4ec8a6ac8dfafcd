"""From the wire's requests to the core's, for claims and queries alike."""

from schemas.requests import PlaceRequest, RequestGroup, SearchRequest
from worker.placement.ids import AggregateId, ProviderId, ResourceClass, Trait
from worker.placement.request import Group, Request, Strategy


def request_of(model: PlaceRequest) -> Request:
    """The request as the core sees it; only one of a query may have a limit."""
    return Request(
        groups={name: _group(group) for name, group in model.groups.items()},
        group_policy=model.group_policy,
        same_subtree=tuple(map(frozenset, model.same_subtree)),
        root_required=frozenset(map(Trait, model.root_required)),
        root_forbidden=frozenset(map(Trait, model.root_forbidden)),
        strategy=Strategy(model.strategy),
        preferred={Trait(name): weight for name, weight in model.preferred.items()},
        seed=model.seed,
        limit=model.limit if isinstance(model, SearchRequest) else None,
    )


def _group(model: RequestGroup) -> Group:
    return Group(
        resources={ResourceClass(name): amount for name, amount in model.resources.items()},
        required=tuple(frozenset(map(Trait, any_of)) for any_of in model.required),
        forbidden=frozenset(map(Trait, model.forbidden)),
        member_of=tuple(frozenset(map(AggregateId, any_of)) for any_of in model.member_of),
        not_member_of=frozenset(map(AggregateId, model.not_member_of)),
        in_tree=None if model.in_tree is None else ProviderId(model.in_tree),
    )
