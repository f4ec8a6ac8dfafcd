"""Claims of every op on the fleet that the large tables hold: each wave is a batch of one op."""

from hashlib import md5
from typing import Any, Final
from uuid import UUID, uuid4

from tests.bench.fleets import TRAITS
from tests.bench.places import flat_shapes
from tests.bench.workload import AMOUNTS, STRIDE, allocation, consumer, declarations, provider
from tests.integration.postgres.plans.large import PROVIDERS

Claim = dict[str, Any]

MANY: Final = 300
FEW: Final = 20
ONE: Final = {"total": 100}


def claim(op: str, **fields: Any) -> Claim:
    """One with an id of its own."""
    return {"op": op, "claim_id": str(uuid4()), **fields}


def made(name: str) -> str:
    """The id that SQL made of a name, by md5."""
    return str(UUID(md5(name.encode(), usedforsecurity=False).hexdigest()))


def holder(number: int) -> dict[str, Any]:
    """A consumer that holds something from the beginning, on the provider of the same number."""
    return {**consumer(), "id": made(f"consumer-{number + 1}"), "generation": 1}


def somewhere(number: int) -> str:
    """Providers all over the fleet."""
    return provider(number * STRIDE % PROVIDERS)


def beyond(number: int) -> str:
    """A provider that is made by a claim."""
    return provider(PROVIDERS + number)


def _declared() -> list[Claim]:
    whole = [*declarations(PROVIDERS + FEW)][PROVIDERS:]
    return [{**one, "traits": TRAITS[:2], "aggregates": [made("aggregate-1")]} for one in whole]


def _moved(number: int) -> Claim:
    return claim("allocation.set", consumer=holder(number), allocations={somewhere(number): {"VCPU": 1}})


def _adjusted(number: int) -> Claim:
    amounts = {"add": {somewhere(number): {"VCPU": 1}}, "remove": {provider(number): {"DISK_GB": 1}}}
    return claim("allocation.adjust", consumer=holder(number), **amounts)


def _reshaped() -> Claim:
    """A new provider's inventory goes to its child, and comes from nobody else."""
    return claim(
        "provider.reshape",
        inventories={beyond(1): {"generation": 1, "inventories": {"VCPU": ONE}}},
        allocations=[{"consumer": consumer(), "allocations": {beyond(1): {"VCPU": 1}}}],
    )


# The first wave that places loads the view of all providers, the second brings it up to date.
WAVES: Final[list[list[Claim]]] = [
    [*flat_shapes(FEW)],
    [allocation(somewhere(number)) for number in range(MANY)],
    [*flat_shapes(MANY)],
    [_moved(number) for number in range(MANY)],
    [_adjusted(number) for number in range(MANY, 2 * MANY)],
    [claim("allocation.release", consumer={"id": holder(number)["id"]}) for number in range(2 * MANY, 3 * MANY)],
    [
        claim("allocation.set_many", claims=[{"consumer": consumer(), "allocations": {somewhere(number): AMOUNTS}}])
        for number in range(FEW)
    ],
    _declared(),
    [
        claim("provider.create", provider=beyond(FEW + number), name=f"child-{number}", parent=beyond(number))
        for number in range(FEW)
    ],
    [claim("provider.update", provider=beyond(FEW + number), parent=None) for number in range(3)],
    [claim("provider.set_state", provider=somewhere(number), state="draining") for number in range(FEW)],
    [claim("provider.delete", provider=beyond(FEW + number)) for number in range(FEW)],
    [claim("resource_class.create", name=f"CUSTOM_MADE_{number}") for number in range(FEW)],
    [claim("resource_class.ensure", name="CUSTOM_MADE_1")],
    [
        claim("inventory.create", provider=somewhere(number), resource_class="CUSTOM_MADE_1", **ONE)
        for number in range(FEW)
    ],
    [
        claim("inventory.update", provider=somewhere(number), resource_class="CUSTOM_MADE_1", total=7)
        for number in range(FEW)
    ],
    [claim("resource_class.rename", name="CUSTOM_MADE_1", new_name="CUSTOM_RENAMED")],
    [claim("inventory.delete", provider=somewhere(number), resource_class="CUSTOM_RENAMED") for number in range(3)],
    [claim("resource_class.delete", name=name) for name in ("CUSTOM_RENAMED", "CUSTOM_MADE_2")],
    [claim("inventory.clear", provider=beyond(number)) for number in range(2)],
    [claim("inventory.replace", provider=beyond(number), inventories={"VCPU": ONE}) for number in range(FEW)],
    [claim("trait.ensure", name=f"CUSTOM_MADE_{number}") for number in range(FEW)],
    [claim("provider_traits.replace", provider=somewhere(number), traits=["CUSTOM_MADE_1"]) for number in range(FEW)],
    [claim("provider_traits.clear", provider=beyond(number)) for number in range(FEW)],
    [claim("trait.delete", name=f"CUSTOM_MADE_{number}") for number in (1, 2)],
    [
        claim("provider_aggregates.replace", provider=somewhere(number), aggregates=[made("aggregate-7")])
        for number in range(FEW)
    ],
    [_reshaped()],
]
