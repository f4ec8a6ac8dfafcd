"""Queries of every op that is read as it is stored, on the fleet that the large tables hold."""

from typing import Any, Final

from tests.bench.fleets import TRAITS
from tests.integration.postgres.plans.claims import MANY, holder, made, somewhere

SOME: Final = [somewhere(number) for number in range(100)]
RACKS: Final = list(TRAITS)
GROUPS: Final = [made(f"aggregate-{number}") for number in range(1, 9)]
ROOM: Final = {"VCPU": 1, "MEMORY_MB": 1, "DISK_GB": 1}


def listed(**filters: Any) -> dict[str, Any]:
    """A page of providers."""
    return {"op": "provider.list", **filters}


ASKED: Final[list[dict[str, Any]]] = [
    {"op": "provider.get", "provider": SOME[50]},
    listed(),
    listed(after=SOME[0]),
    listed(providers=SOME),
    listed(name="machine-777"),
    listed(in_tree=SOME[60]),
    listed(member_of=GROUPS[:1]),
    listed(member_of=[GROUPS[:2], GROUPS[1:3], GROUPS[:3], GROUPS[1:4]]),
    listed(not_member_of=GROUPS),
    listed(resources=ROOM),
    listed(required=RACKS[:1]),
    listed(required=[RACKS[:2], RACKS[1:3], RACKS[:3], RACKS[1:4]]),
    listed(required=RACKS[3:4], resources=ROOM, member_of=GROUPS[3:4], forbidden=RACKS[5:6], state="enabled"),
    listed(forbidden=RACKS[:2]),
    listed(state="enabled"),
    {"op": "inventory.list", "provider": SOME[50]},
    {"op": "inventory.get", "provider": SOME[50], "resource_class": "VCPU"},
    {"op": "resource_class.list"},
    {"op": "resource_class.get", "name": "VCPU"},
    {"op": "trait.list"},
    {"op": "trait.list", "names": RACKS, "prefix": "CUSTOM_", "associated": True},
    {"op": "trait.list", "associated": False},
    {"op": "trait.get", "name": RACKS[0]},
    {"op": "provider_traits.get", "provider": SOME[50]},
    {"op": "provider_aggregates.get", "provider": SOME[50]},
    {"op": "allocation.get", "consumers": [holder(number)["id"] for number in range(MANY)]},
    {"op": "allocation.list", "providers": SOME},
    {"op": "usage.provider", "providers": SOME},
    {"op": "usage.project", "project": made("project-7").replace("-", "")},
    {"op": "usage.project", "project": made("project-8").replace("-", ""), "type": "all"},
    {"op": "claim.get", "claim_id": made("claim-99999")},
]
