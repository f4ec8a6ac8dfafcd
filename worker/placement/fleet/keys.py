"""What requests have in common that are answered in the same way: the keys by which answers are remembered."""

from collections.abc import Hashable

from worker.placement.request import Request


def shape_key(request: Request) -> Hashable | None:
    """Equal for requests with the same candidates in the same order; None if a tree is named."""
    key = reach_key(request)
    return None if key is None else (key, request.strategy, frozenset(request.preferred.items()))


def reach_key(request: Request) -> Hashable | None:
    """Equal for requests with the same candidates in any order; None if a tree is named."""
    groups: list[Hashable] = []
    for name, group in request.groups.items():
        if group.in_tree is not None:
            return None
        amounts = frozenset(group.resources.items())
        groups.append((name, amounts, group.required, group.forbidden, group.member_of, group.not_member_of))
    return (
        tuple(groups), request.group_policy, request.same_subtree, request.root_required, request.root_forbidden,
    )  # fmt: skip
