"""State of the naive model, what follows from it, and its rules on names of classes and traits, and on links."""

from dataclasses import dataclass, field
from typing import Any

from worker.placement.claims import (
    CreateClass,
    DeleteClass,
    DeleteTrait,
    EnsureTrait,
    RenameClass,
    ReplaceAggregates,
    ReplaceTraits,
)
from worker.placement.outcomes import Code


@dataclass
class NaiveNames:
    """The state as plain dicts; `held` of a consumer is {provider: {class: amount}}."""

    classes: set[str]
    traits: set[str]
    standard: set[str]
    providers: dict[str, dict[str, Any]] = field(default_factory=dict)
    consumers: dict[str, dict[str, Any]] = field(default_factory=dict)

    def root(self, provider: str) -> str:
        """The end of the way up."""
        while self.providers[provider]["parent"] is not None:
            provider = self.providers[provider]["parent"]
        return provider

    def used(self, provider: str, name: str) -> int:
        """The sum over allocations."""
        return sum(row["held"].get(provider, {}).get(name, 0) for row in self.consumers.values())

    def _held(self, provider: str, consumers: dict[str, dict[str, Any]]) -> dict[str, Any]:
        return {name: row["held"][provider] for name, row in consumers.items() if provider in row["held"]}

    def _name(self, claim: CreateClass | RenameClass | DeleteClass | EnsureTrait | DeleteTrait) -> set[Code]:
        name = claim.name
        codes = {Code.STANDARD_IMMUTABLE} if name in self.standard else set()
        match claim:
            case CreateClass():
                taken = name in self.classes and not claim.ensure
                self.classes.add(claim.name)
                return (codes - {Code.STANDARD_IMMUTABLE} if claim.ensure else codes) | (
                    {Code.DUPLICATE_NAME} if taken else set()
                )
            case EnsureTrait():
                self.traits.add(claim.name)
                return set()
            case DeleteTrait():
                codes |= set() if name in self.traits else {Code.TRAIT_NOT_FOUND}
                codes |= {Code.TRAIT_IN_USE for row in self.providers.values() if name in row["traits"]}
                self.traits.discard(name)
            case DeleteClass():
                codes |= set() if name in self.classes else {Code.RESOURCE_CLASS_NOT_FOUND}
                codes |= {Code.RESOURCE_CLASS_IN_USE for row in self.providers.values() if name in row["inventories"]}
                self.classes.discard(name)
            case RenameClass():
                codes |= set() if name in self.classes else {Code.RESOURCE_CLASS_NOT_FOUND}
                if claim.new_name in self.classes and claim.new_name != name:
                    codes.add(Code.DUPLICATE_NAME)
                self._rename(claim)
        return codes

    def _rename(self, claim: RenameClass) -> None:
        self.classes.discard(claim.name)
        self.classes.add(claim.new_name)

        def renamed(mapping: dict[str, Any]) -> dict[str, Any]:
            return {claim.new_name if name == claim.name else name: value for name, value in mapping.items()}

        for row in self.providers.values():
            row["inventories"] = renamed(row["inventories"])
        for row in self.consumers.values():
            row["held"] = {provider: renamed(amounts) for provider, amounts in row["held"].items()}

    def _link(self, claim: ReplaceTraits | ReplaceAggregates) -> set[Code]:
        row = self.providers.get(claim.provider)
        codes: set[Code] = set() if row is not None else {Code.PROVIDER_NOT_FOUND}
        if isinstance(claim, ReplaceTraits) and not claim.traits <= self.traits:
            codes.add(Code.TRAIT_NOT_FOUND)
        if row is None:
            return codes
        if claim.generation is not None and claim.generation != row["generation"]:
            codes.add(Code.PROVIDER_GENERATION_CONFLICT)
        if isinstance(claim, ReplaceTraits):
            row["traits"] = claim.traits
        else:
            row["aggregates"] = claim.aggregates
        return codes
