"""Refusals as values: the code, the first place where its rule is broken, further ones, and a sentence for people."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from worker.placement.ids import ClaimId
from worker.placement.outcomes import Code, Rejected

OTHERS_MAX: Final = 20
"""Further places told beside the first."""

Place = Mapping[str, object]

_SENTENCES: Final[Mapping[Code, str]] = {
    Code.NOT_PERMITTED: "The access policy does not let user {user} do {op} for project {project}.",
    Code.DEADLINE_PASSED: "The deadline {deadline} had passed when the deciding transaction began at {begun_at}.",
    Code.TREE_LOOP: "The new parent is the provider itself or stands below it: {path}.",
    Code.PROVIDER_NOT_FOUND: "There is no provider {providers}.",
    Code.PARENT_NOT_FOUND: "There is no provider {providers} to be the parent.",
    Code.RESOURCE_CLASS_NOT_FOUND: "There is no resource class {resource_classes}.",
    Code.TRAIT_NOT_FOUND: "There is no trait {traits}.",
    Code.DUPLICATE_NAME: "The name {name} is taken.",
    Code.DUPLICATE_ID: "There is a provider {provider} already.",
    Code.INVENTORY_EXISTS: "Provider {provider} has an inventory of {resource_class} already.",
    Code.STANDARD_IMMUTABLE: "The standard name {name} cannot be created, renamed or deleted.",
    Code.CONSUMER_GENERATION_CONFLICT: "Consumer {consumer} is at generation {found}, the claim expected {expected}.",
    Code.PROVIDER_GENERATION_CONFLICT: "Provider {provider} is at generation {found}, the claim expected {expected}.",
    Code.CONFLICT_RETRIES_EXHAUSTED: "Other claims were first in each of {tries} tries.",
    Code.INVENTORY_NOT_FOUND: "Provider {provider} has no inventory of {resource_class}.",
    Code.INVALID_INVENTORY: "The {field} {value} of {resource_class} on provider {provider} breaks the rule {rule}.",
    Code.UNIT_CONSTRAINT_VIOLATED: (
        "The amount {amount} of {resource_class} on provider {provider} for consumer {consumer} "
        "does not keep to the {rule} of {limit}."
    ),
    Code.CAPACITY_EXCEEDED: (
        "Provider {provider} has {free} of {capacity} {resource_class} free, {requested} were requested "
        "for consumer {consumer}."
    ),
    Code.PROVIDER_UNAVAILABLE: "Provider {provider} is {state}, no amount on it may grow.",
    Code.ALLOCATION_NOT_FOUND: (
        "Consumer {consumer} holds {held} {resource_class} on provider {provider}, {requested} were to be removed."
    ),
    Code.NO_CANDIDATES: "No candidate meets the request; the details tell what was left of the providers step by step.",
    Code.PROVIDER_HAS_CHILDREN: "Provider {provider} has {count} children.",
    Code.PROVIDER_IN_USE: "Provider {provider} has {count} consumers that hold {resource_classes}.",
    Code.INVENTORY_IN_USE: "Provider {provider} has {count} consumers that hold {resource_classes}.",
    Code.RESOURCE_CLASS_IN_USE: "The resource class {resource_classes} has inventories on {count} providers.",
    Code.TRAIT_IN_USE: "The trait {traits} is on {count} providers.",
}


def refuse(claim: ClaimId, code: Code, places: Sequence[Place]) -> Rejected:
    """The refusal of `claim`; `places` is not empty and in the order in which they are to be told."""
    first, *others = places
    details = {**first, "others": others[:OTHERS_MAX]} if others else first
    return Rejected(claim, code, _SENTENCES[code].format_map({k: _plain(v) for k, v in first.items()}), details)


def first_broken(claim: ClaimId, *rungs: tuple[Code, Sequence[Place]]) -> Rejected | None:
    """The refusal for the first rung with a place where its rule is broken; rungs stand in order of precedence."""
    for code, places in rungs:
        if places:
            return refuse(claim, code, places)
    return None


def exhausted(claim: ClaimId, tries: int) -> Rejected:
    """The refusal of a claim that met moved rows `tries` times in a row."""
    return refuse(claim, Code.CONFLICT_RETRIES_EXHAUSTED, [{"tries": tries}])


def _plain(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value[:OTHERS_MAX])
    return str(value)
