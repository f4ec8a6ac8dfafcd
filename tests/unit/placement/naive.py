"""The rules once more, written apart from the core: one claim at a time on plain dicts, nothing kept but the truth.

All rules are tried and the first code in the contract's order is taken; usage is summed anew each time.
"""

from copy import deepcopy
from typing import Any

from tests.unit.placement.naive_names import NaiveNames
from worker.placement.claims import (
    UNSET,
    AdjustAllocations,
    Claim,
    Consumer,
    CreateProvider,
    DeclareProvider,
    DeleteInventory,
    DeleteProvider,
    PlaceAllocations,
    PutInventory,
    ReleaseAllocations,
    RenameClass,
    ReplaceAggregates,
    ReplaceInventories,
    ReplaceTraits,
    ReshapeProviders,
    SetAllocations,
    SetState,
    UpdateProvider,
)
from worker.placement.outcomes import Code

ORDER = list(Code)


class Naive(NaiveNames):
    """`decide` tries a claim on the state and takes it back if a rule was broken."""

    def decide(self, claim: Claim) -> tuple[str, bool | None]:
        """(code or "ok", changed)."""
        before = deepcopy((self.classes, self.traits, self.providers, self.consumers))
        codes = self._try(claim)
        if codes:
            self.classes, self.traits, self.providers, self.consumers = before
            return min(codes, key=ORDER.index).value, None
        changed = before != (self.classes, self.traits, self.providers, self.consumers)
        if changed:
            for name, row in self.providers.items():
                old = before[2].get(name)
                if old is not None and (row != old or self._held(name, self.consumers) != self._held(name, before[3])):
                    renamed = isinstance(claim, RenameClass)
                    row["generation"] += not renamed
            for name, row in self.consumers.items():
                old = before[3].get(name)
                moved = row != old and not isinstance(claim, RenameClass)
                row["generation"] = 1 if old is None else old["generation"] + moved
        return "ok", changed

    def _try(self, claim: Claim) -> set[Code]:
        match claim:
            case SetAllocations():
                holdings = [(h.consumer, h.allocations, h.provider_generations) for h in claim.holdings]
                return self._allocate(holdings, [h.allocations for h in claim.holdings])
            case AdjustAllocations():
                return self._adjust(claim)
            case ReleaseAllocations():
                row = self.consumers.pop(claim.consumer, None)
                found = None if row is None else row["generation"]
                wrong = claim.generation is not UNSET and claim.generation != found
                return {Code.CONSUMER_GENERATION_CONFLICT} if wrong else set()
            case CreateProvider() | UpdateProvider() | DeclareProvider():
                return self._place(claim)
            case DeleteProvider():
                return self._delete(claim)
            case SetState():
                row = self.providers.get(claim.provider, {})
                known = bool(row)
                row["state"] = claim.state
                return set() if known else {Code.PROVIDER_NOT_FOUND}
            case ReshapeProviders():
                return self._reshape(claim)
            case PutInventory() | ReplaceInventories() | DeleteInventory():
                return self._stock(claim)
            case ReplaceTraits() | ReplaceAggregates():
                return self._link(claim)
            case PlaceAllocations():
                raise AssertionError("a place is compared with what the fleet offers")
            case _:
                return self._name(claim)

    def _adjust(self, claim: AdjustAllocations) -> set[Code]:
        held = deepcopy(self.consumers.get(claim.consumer.id, {"held": {}})["held"])
        lacking = False
        for provider, amounts in claim.remove.items():
            for name, amount in amounts.items():
                left = held.get(provider, {}).get(name, 0) - amount
                lacking = lacking or left < 0
                held.setdefault(provider, {})[name] = max(left, 0)
        for provider, amounts in claim.add.items():
            for name, amount in amounts.items():
                held.setdefault(provider, {})[name] = held.get(provider, {}).get(name, 0) + amount
        after = {p: {c: n for c, n in amounts.items() if n > 0} for p, amounts in held.items()}
        after = {p: amounts for p, amounts in after.items() if amounts}
        codes = self._allocate([(claim.consumer, after, {})], [claim.add, claim.remove])
        return codes | ({Code.ALLOCATION_NOT_FOUND} if lacking else set())

    def _allocate(self, holdings: list[tuple[Consumer, Any, Any]], named: list[Any]) -> set[Code]:
        codes = self._named_codes(named)
        old_held = {name: deepcopy(row["held"]) for name, row in self.consumers.items()}
        old_used = {(p, c): self.used(p, c) for p, row in self.providers.items() for c in row["inventories"]}
        for who, after, generations in holdings:
            codes |= self._generation_codes(who, generations)
            self._hold(who, after)
        for who, after, _ in holdings:
            for provider, amounts in after.items():
                for name, amount in amounts.items():
                    old = old_held.get(who.id, {}).get(provider, {}).get(name, 0)
                    if amount != old:
                        codes |= self._amount_codes(provider, name, amount, amount > old)
        for (provider, name), before in old_used.items():
            now, capacity = self.used(provider, name), self.providers[provider]["inventories"][name].capacity
            if now > capacity and now > before:
                codes.add(Code.CAPACITY_EXCEEDED)
        return codes

    def _named_codes(self, named: list[Any]) -> set[Code]:
        codes: set[Code] = set()
        for amounts in named:
            if any(provider not in self.providers for provider in amounts):
                codes.add(Code.PROVIDER_NOT_FOUND)
            if any(name not in self.classes for by_class in amounts.values() for name in by_class):
                codes.add(Code.RESOURCE_CLASS_NOT_FOUND)
        return codes

    def _generation_codes(self, who: Consumer, generations: Any) -> set[Code]:
        codes: set[Code] = set()
        row = self.consumers.get(who.id)
        if who.generation is not UNSET and who.generation != (None if row is None else row["generation"]):
            codes.add(Code.CONSUMER_GENERATION_CONFLICT)
        for provider, expected in generations.items():
            if provider not in self.providers:
                codes.add(Code.PROVIDER_NOT_FOUND)
            elif self.providers[provider]["generation"] != expected:
                codes.add(Code.PROVIDER_GENERATION_CONFLICT)
        return codes

    def _hold(self, who: Consumer, after: Any) -> None:
        old = self.consumers.get(who.id)
        if not after:
            self.consumers.pop(who.id, None)
            return
        kind = (None if old is None else old["type"]) if who.type is UNSET else who.type
        generation = 0 if old is None else old["generation"]
        held = {provider: dict(amounts) for provider, amounts in after.items()}
        self.consumers[who.id] = {
            "project": who.project, "user": who.user, "type": kind, "generation": generation, "held": held,
        }  # fmt: skip

    def _amount_codes(self, provider: str, name: str, amount: int, grows: bool) -> set[Code]:
        row = self.providers.get(provider)
        if row is None or name not in row["inventories"]:
            return {Code.INVENTORY_NOT_FOUND}
        inventory = row["inventories"][name]
        codes: set[Code] = set()
        if not inventory.min_unit <= amount <= inventory.max_unit or amount % inventory.step_size != 0:
            codes.add(Code.UNIT_CONSTRAINT_VIOLATED)
        if grows and row["state"] == "draining":
            codes.add(Code.PROVIDER_UNAVAILABLE)
        return codes

    def _place(self, claim: CreateProvider | UpdateProvider | DeclareProvider) -> set[Code]:
        codes: set[Code] = set()
        row = self.providers.get(claim.provider)
        generation = None if isinstance(claim, CreateProvider) else claim.generation
        if row is None and isinstance(claim, UpdateProvider):
            codes.add(Code.PROVIDER_NOT_FOUND)
        if row is not None and isinstance(claim, CreateProvider):
            codes.add(Code.DUPLICATE_ID)
        if generation is not None and generation != (None if row is None else row["generation"]):
            codes.add(Code.PROVIDER_GENERATION_CONFLICT)
        own = None if isinstance(claim, CreateProvider) else claim.provider
        if any(other["name"] == claim.name for key, other in self.providers.items() if key != own):
            codes.add(Code.DUPLICATE_NAME)
        if isinstance(claim.parent, str):
            if claim.parent == claim.provider:
                codes.add(Code.TREE_LOOP)
            if claim.parent not in self.providers and claim.parent != claim.provider:
                codes.add(Code.PARENT_NOT_FOUND)
        codes |= self._loop(claim)
        if row is None:
            row = {
                "name": claim.name,
                "generation": 0,
                "state": "enabled",
                "parent": claim.parent,
                "root": "",
                "inventories": {},
                "traits": frozenset(),
                "aggregates": frozenset(),
            }
        if isinstance(claim, DeclareProvider):
            codes |= self._contents(claim, row)
        if not codes:
            row["name"] = row["name"] if claim.name is UNSET else claim.name
            row["parent"] = row["parent"] if claim.parent is UNSET else claim.parent
            self.providers[claim.provider] = row
            for key in self.providers:
                self.providers[key]["root"] = self.root(key)
        return codes

    def _loop(self, claim: CreateProvider | UpdateProvider | DeclareProvider) -> set[Code]:
        above = claim.parent if isinstance(claim.parent, str) else None
        while above is not None:
            if above == claim.provider:
                return {Code.TREE_LOOP}
            if isinstance(claim, CreateProvider):
                return set()
            above = self.providers[above]["parent"] if above in self.providers else None
        return set()

    def _contents(self, claim: DeclareProvider, row: dict[str, Any]) -> set[Code]:
        codes = set() if claim.traits <= self.traits else {Code.TRAIT_NOT_FOUND}
        codes |= self._put(claim.provider, row, dict(claim.inventories))
        row["traits"], row["aggregates"] = claim.traits, claim.aggregates
        return codes

    def _put(self, provider: str, row: dict[str, Any], inventories: dict[Any, Any]) -> set[Code]:
        codes: set[Code] = set()
        if not set(inventories) <= self.classes:
            codes.add(Code.RESOURCE_CLASS_NOT_FOUND)
        for inventory in inventories.values():
            if inventory.reserved > inventory.total or inventory.min_unit > inventory.max_unit:
                codes.add(Code.INVALID_INVENTORY)
        if any(self.used(provider, name) for name in set(row["inventories"]) - set(inventories)):
            codes.add(Code.INVENTORY_IN_USE)
        row["inventories"] = inventories
        return codes

    def _reshape(self, claim: ReshapeProviders) -> set[Code]:
        codes: set[Code] = set()
        known = {name: new for name, new in claim.inventories.items() if name in self.providers}
        if len(known) < len(claim.inventories):
            codes.add(Code.PROVIDER_NOT_FOUND)
        for provider, new in known.items():
            row = self.providers[provider]
            if new.generation != row["generation"]:
                codes.add(Code.PROVIDER_GENERATION_CONFLICT)
            row["inventories"] = {**row["inventories"], **new.inventories}
        holdings = [(h.consumer, h.allocations, h.provider_generations) for h in claim.holdings]
        codes |= self._allocate(holdings, [h.allocations for h in claim.holdings])
        for new in claim.inventories.values():
            codes |= self._put("", {"inventories": {}}, dict(new.inventories))
        for provider, new in known.items():
            codes |= self._put(provider, self.providers[provider], dict(new.inventories))
        return codes

    def _delete(self, claim: DeleteProvider) -> set[Code]:
        row = self.providers.get(claim.provider)
        if row is None:
            return {Code.PROVIDER_NOT_FOUND}
        codes: set[Code] = set()
        if claim.generation is not None and claim.generation != row["generation"]:
            codes.add(Code.PROVIDER_GENERATION_CONFLICT)
        if any(other["parent"] == claim.provider for other in self.providers.values()):
            codes.add(Code.PROVIDER_HAS_CHILDREN)
        if any(claim.provider in consumer["held"] for consumer in self.consumers.values()):
            codes.add(Code.PROVIDER_IN_USE)
        del self.providers[claim.provider]
        return codes

    def _stock(self, claim: PutInventory | ReplaceInventories | DeleteInventory) -> set[Code]:
        row = self.providers.get(claim.provider)
        codes: set[Code] = set()
        if not isinstance(claim, ReplaceInventories) and claim.resource_class not in self.classes:
            codes.add(Code.RESOURCE_CLASS_NOT_FOUND)
        if row is None:
            return codes | {Code.PROVIDER_NOT_FOUND}
        if claim.generation is not None and claim.generation != row["generation"]:
            codes.add(Code.PROVIDER_GENERATION_CONFLICT)
        after = dict(row["inventories"])
        if isinstance(claim, ReplaceInventories):
            after = dict(claim.inventories)
        elif isinstance(claim, PutInventory):
            if claim.create and claim.resource_class in after:
                codes.add(Code.INVENTORY_EXISTS)
            if not claim.create and claim.resource_class not in after:
                codes.add(Code.INVENTORY_NOT_FOUND)
            after[claim.resource_class] = claim.inventory
        elif after.pop(claim.resource_class, None) is None:
            codes.add(Code.INVENTORY_NOT_FOUND)
        return codes | self._put(claim.provider, row, after)
