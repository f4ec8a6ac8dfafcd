"""Why a claim is refused: codes that are never renamed and never reused."""

from enum import StrEnum
from typing import Final


class Code(StrEnum):
    """In order of precedence: of all that hold over a claim the first is reported."""

    INVALID_MESSAGE = "invalid_message"
    NOT_PERMITTED = "not_permitted"
    DEADLINE_PASSED = "deadline_passed"
    TREE_LOOP = "tree_loop"
    PROVIDER_NOT_FOUND = "provider_not_found"
    PARENT_NOT_FOUND = "parent_not_found"
    RESOURCE_CLASS_NOT_FOUND = "resource_class_not_found"
    TRAIT_NOT_FOUND = "trait_not_found"
    DUPLICATE_NAME = "duplicate_name"
    DUPLICATE_ID = "duplicate_id"
    INVENTORY_EXISTS = "inventory_exists"
    STANDARD_IMMUTABLE = "standard_immutable"
    CONSUMER_GENERATION_CONFLICT = "consumer_generation_conflict"
    PROVIDER_GENERATION_CONFLICT = "provider_generation_conflict"
    CONFLICT_RETRIES_EXHAUSTED = "conflict_retries_exhausted"
    INVENTORY_NOT_FOUND = "inventory_not_found"
    INVALID_INVENTORY = "invalid_inventory"
    UNIT_CONSTRAINT_VIOLATED = "unit_constraint_violated"
    CAPACITY_EXCEEDED = "capacity_exceeded"
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    ALLOCATION_NOT_FOUND = "allocation_not_found"
    NO_CANDIDATES = "no_candidates"
    PROVIDER_HAS_CHILDREN = "provider_has_children"
    PROVIDER_IN_USE = "provider_in_use"
    INVENTORY_IN_USE = "inventory_in_use"
    RESOURCE_CLASS_IN_USE = "resource_class_in_use"
    TRAIT_IN_USE = "trait_in_use"

    @property
    def transient(self) -> bool:
        """Whether the same request may succeed later, under a new `claim_id`."""
        return self in _TRANSIENT


_TRANSIENT: Final = frozenset(
    {
        Code.PROVIDER_NOT_FOUND,
        Code.PARENT_NOT_FOUND,
        Code.RESOURCE_CLASS_NOT_FOUND,
        Code.TRAIT_NOT_FOUND,
        Code.CONSUMER_GENERATION_CONFLICT,
        Code.PROVIDER_GENERATION_CONFLICT,
        Code.CONFLICT_RETRIES_EXHAUSTED,
        Code.INVENTORY_NOT_FOUND,
        Code.CAPACITY_EXCEEDED,
        Code.PROVIDER_UNAVAILABLE,
        Code.NO_CANDIDATES,
        Code.PROVIDER_HAS_CHILDREN,
        Code.PROVIDER_IN_USE,
        Code.INVENTORY_IN_USE,
        Code.RESOURCE_CLASS_IN_USE,
        Code.TRAIT_IN_USE,
    }
)
