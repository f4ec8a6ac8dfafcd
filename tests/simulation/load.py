"""What publishers want: random claims of all kinds over few providers and consumers."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.builders import aggregate_id, claim_id, consumer_id, provider_id

Body = dict[str, Any]

CLASSES = ("VCPU", "VCPU", "MEMORY_MB", "CUSTOM_GOLD")
NAMES = ("CUSTOM_A", "CUSTOM_B", "CUSTOM_C")
"""Classes that no inventory has, so that they can be renamed: events alone do not order a renaming and a grant."""
TRAITS = ("CUSTOM_FAST", "CUSTOM_SLOW", "HW_CPU_X86_AVX2")
RARELY, SOMETIMES = 0.1, 0.35
HOT = 0.25
DEADLINES_S = (-10.0, 0.0, 0.02, 0.2, 2.0, 60.0)
"""From the moment a claim is sent: from one that has passed already to one that is kept but for outages."""


class Load:
    """`claim` makes the next one; in a hot run all claims are for amounts on one provider.

    `seen` is what the publishers know from events: generations by provider, consumer. `moment` tells the time."""

    def __init__(self, random: Random, moment: Callable[[], datetime], *, hot: bool) -> None:
        self._random = random
        self._moment = moment
        self._hurried = 0.0 if hot else random.choice((0.0, 0.05, 0.4))
        self._next = 1
        self.hot = hot or random.random() < HOT
        self._providers = 1 if self.hot else random.randint(1, 5)
        self._consumers = 40 if self.hot else random.choice((2, 4, 8, 30))
        self.seen: dict[str, int | None] = {}
        self._kinds = [self._set, self._set, self._adjust, self._place] if self.hot else self._drawn_kinds()

    def _drawn_kinds(self) -> list[Callable[[], Body]]:
        return self._random.choices(
            [
                self._set, self._set_many, self._adjust, self._release, self._place, self._declare, self._create,
                self._update, self._delete, self._state, self._inventory, self._inventories, self._links, self._name,
                self._reshape,
            ],
            weights=[8, 4, 6, 4, 6, 3, 1, 2, 1, 1, 2, 1, 2, 2, 3],
            k=self._random.choice((3, 6, 30)),
        )  # fmt: skip

    def fleet(self) -> list[Body]:
        """What makes the providers and the custom names, sent before all others."""
        names = [self._claim("resource_class.ensure", name="CUSTOM_GOLD")]
        names += [self._claim("trait.ensure", name=name) for name in TRAITS[:2]]
        return [*names, *(self._declared(number) for number in range(1, self._providers + 1))]

    def claim(self) -> Body:
        """Any."""
        body = self._random.choice(self._kinds)()
        if self._random.random() < self._hurried:
            until = self._moment() + timedelta(seconds=self._random.choice(DEADLINES_S))
            body["deadline"] = until.isoformat()
        return body

    def learn(self, event: Mapping[str, Any]) -> None:
        """What an event tells of generations."""
        shown = event["data"]
        for provider, levels in (shown.get("providers") or {}).items():
            self.seen[provider] = levels["generation"]
        for consumer in shown.get("consumers") or ():
            self.seen[consumer["id"]] = consumer["generation"]
        about = shown["provider"] if isinstance(shown.get("provider"), dict) else shown
        if "incarnation" in about:
            self.seen[about["provider"]] = about["generation"]

    def _claim(self, op: str, **fields: Any) -> Body:
        self._next += 1
        return {"op": op, "claim_id": claim_id(self._next), **fields}

    def _provider(self) -> str:
        """Mostly one that there is, mostly the same few."""
        number = min(self._random.randint(1, self._providers), self._random.randint(1, self._providers + 1))
        return provider_id(number)

    def _checked(self, name: str) -> dict[str, int]:
        """A provider's generation, if the publisher wants it checked."""
        found = self.seen.get(name)
        return {"generation": found} if found is not None and self._random.random() < RARELY else {}

    def _holder(self, number: int | None = None) -> Body:
        who = consumer_id(number or self._random.randint(1, self._consumers))
        holder: Body = {"id": who, "project": self._random.choice("pq"), "user": "u"}
        if self._random.random() < RARELY:
            holder["type"] = self._random.choice(("VM", "JOB"))
        if self._random.random() < SOMETIMES:
            holder["generation"] = self.seen.get(who)
        return holder

    def _amounts(self, least: int = 0) -> Body:
        chosen = {self._provider() for _ in range(self._random.randint(least, 2))}
        return {
            one: {self._random.choice(CLASSES): self._random.randint(1, 5) for _ in range(self._random.randint(1, 2))}
            for one in sorted(chosen)
        }

    def _set(self) -> Body:
        return self._claim("allocation.set", consumer=self._holder(), allocations=self._amounts())

    def _members(self, most: int) -> list[Body]:
        numbers = self._random.sample(range(1, self._consumers + 1), min(most, self._consumers))
        return [{"consumer": self._holder(one), "allocations": self._amounts()} for one in numbers]

    def _set_many(self) -> Body:
        return self._claim("allocation.set_many", claims=self._members(self._random.randint(1, 3)))

    def _adjust(self) -> Body:
        which = self._random.choice((("add",), ("remove",), ("add",), ("add", "remove")))
        return self._claim("allocation.adjust", consumer=self._holder(), **{one: self._amounts(1) for one in which})

    def _release(self) -> Body:
        return self._claim("allocation.release", consumer={"id": self._holder()["id"]})

    def _place(self) -> Body:
        groups: Body = {"": {"resources": {self._random.choice(CLASSES): self._random.randint(1, 5)}}}
        if self._random.random() < SOMETIMES:
            groups["_more"] = {"resources": {"VCPU": self._random.randint(1, 3)}}
        if self._random.random() < RARELY:
            groups[""]["forbidden"] = [self._random.choice(TRAITS)]
        strategy = self._random.choice(("first", "pack", "spread", "random"))
        request = {"groups": groups, "strategy": strategy}
        return self._claim("allocation.place", consumer=self._holder(), request=request)

    def _fields(self) -> Body:
        fields: Body = {"total": self._random.randint(4, 12) * (10 if self.hot else 1)}
        if self._random.random() < RARELY:
            fields |= {"reserved": self._random.randint(0, 4), "allocation_ratio": self._random.choice((0.29, 1.5, 2))}
        if self._random.random() < RARELY:
            fields |= {"min_unit": 2, "step_size": 2}
        return fields

    def _some_inventories(self) -> Body:
        return {name: self._fields() for name in sorted({self._random.choice(CLASSES) for _ in range(3)})}

    def _declared(self, number: int) -> Body:
        parents = [provider_id(one) for one in range(1, number)]
        return self._claim(
            "provider.declare", provider=provider_id(number), name=f"provider-{number}",
            parent=self._random.choice([None, *parents]), inventories=self._some_inventories(),
            traits=self._random.sample(TRAITS, self._random.randint(0, 2)),
            aggregates=[aggregate_id(one) for one in range(self._random.randint(0, 2))],
        )  # fmt: skip

    def _declare(self) -> Body:
        return self._declared(self._random.randint(1, self._providers + 1))

    def _create(self) -> Body:
        number = self._random.randint(1, self._providers + 2)
        return self._claim("provider.create", provider=provider_id(number), name=f"provider-{number}")

    def _update(self) -> Body:
        who = self._provider()
        changes: tuple[Body, ...] = ({"name": f"renamed-{who[-2:]}"}, {"parent": None}, {"parent": self._provider()})
        change = self._random.choice(changes)
        return self._claim("provider.update", provider=who, **change, **self._checked(who))

    def _delete(self) -> Body:
        who = self._provider()
        return self._claim("provider.delete", provider=who, **self._checked(who))

    def _state(self) -> Body:
        state = self._random.choice(("enabled", "enabled", "draining"))
        return self._claim("provider.set_state", provider=self._provider(), state=state)

    def _inventory(self) -> Body:
        who = self._provider()
        op = self._random.choice(("inventory.create", "inventory.update", "inventory.update", "inventory.delete"))
        fields = {} if op == "inventory.delete" else self._fields()
        name = self._random.choice(CLASSES)
        return self._claim(op, provider=who, resource_class=name, **fields, **self._checked(who))

    def _inventories(self) -> Body:
        who = self._provider()
        if self._random.random() < RARELY:
            return self._claim("inventory.clear", provider=who)
        return self._claim(
            "inventory.replace", provider=who, inventories=self._some_inventories(), **self._checked(who)
        )

    def _links(self) -> Body:
        who = self._provider()
        if self._random.random() < SOMETIMES:
            groups = [aggregate_id(one) for one in range(self._random.randint(0, 2))]
            return self._claim("provider_aggregates.replace", provider=who, aggregates=groups)
        traits = self._random.sample(TRAITS, self._random.randint(0, 3))
        return self._claim("provider_traits.replace", provider=who, traits=traits, **self._checked(who))

    def _name(self) -> Body:
        verb = self._random.choice(("create", "ensure", "delete", "rename", "trait.ensure", "trait.delete"))
        if verb.startswith("trait"):
            return self._claim(verb, name=self._random.choice(TRAITS[:2]))
        name = self._random.choice((*NAMES, "CUSTOM_GOLD") if verb in {"ensure", "delete"} else NAMES)
        fields = {"new_name": self._random.choice(NAMES)} if verb == "rename" else {}
        return self._claim(f"resource_class.{verb}", name=name, **fields)

    def _reshape(self) -> Body:
        moved = sorted({self._provider() for _ in range(2)})
        return self._claim(
            "provider.reshape",
            inventories={
                one: {"generation": self.seen.get(one) or 0, "inventories": self._some_inventories()} for one in moved
            },
            allocations=self._members(self._random.randint(0, 2)),
        )
