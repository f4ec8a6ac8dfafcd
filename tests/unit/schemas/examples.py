"""One valid example, or more, of every message."""

from typing import Any

CLAIM = "0d5c9e1e-1c1f-4a53-9c4e-2a2d5a1a0001"
CONSUMER = "0d5c9e1e-1c1f-4a53-9c4e-2a2d5a1a0002"
PROVIDER = "0d5c9e1e-1c1f-4a53-9c4e-2a2d5a1a0003"
OTHER = "0d5c9e1e-1c1f-4a53-9c4e-2a2d5a1a0004"
NOW = "2026-03-01T12:00:00.123456Z"

Body = dict[str, Any]


def consumer(**fields: Any) -> Body:
    return {"id": CONSUMER, "project": "research", "user": "ada", **fields}


def claim(op: str, **fields: Any) -> Body:
    return {"op": op, "claim_id": CLAIM, **fields}


def allocation_set(**fields: Any) -> Body:
    whole = {"consumer": consumer(), "allocations": {PROVIDER: {"VCPU": 4, "MEMORY_MB": 8192}}}
    return claim("allocation.set", **{**whole, **fields})


def inventory_create(**fields: Any) -> Body:
    whole = {"provider": PROVIDER, "resource_class": "VCPU", "total": 64}
    return claim("inventory.create", **{**whole, **fields})


def holding(consumer_id: str = CONSUMER, **fields: Any) -> Body:
    whole = {"consumer": consumer(id=consumer_id), "allocations": {PROVIDER: {"VCPU": 1}}}
    return {**whole, **fields}


def request(**fields: Any) -> Body:
    whole = {"groups": {"": {"resources": {"VCPU": 4, "MEMORY_MB": 8192}}}}
    return {**whole, **fields}


def place(**fields: Any) -> Body:
    return claim("allocation.place", consumer=consumer(), request=request(**fields))


WHOLE_REQUEST: Body = {
    "groups": {
        "": {
            "resources": {"VCPU": 4, "MEMORY_MB": 8192},
            "required": ["HW_CPU_X86_AVX2", ["GPU_A", "GPU_B"]],
            "forbidden": ["CUSTOM_SLOW"],
            "member_of": [[OTHER, CLAIM], PROVIDER],
            "not_member_of": [CONSUMER],
            "in_tree": None,
        },
        "_gpu1": {"resources": {"PGPU": 1}, "in_tree": PROVIDER},
        "_numa": {},
    },
    "group_policy": "isolate",
    "same_subtree": [["_gpu1", "_numa"]],
    "root_required": ["HW_GPU"],
    "root_forbidden": ["CUSTOM_OLD"],
    "strategy": "random",
    "preferred": {"CUSTOM_SSD": 2.5, "CUSTOM_OLD": -1},
    "seed": "s",
}

CLAIMS: list[Body] = [
    claim("provider.create", name="rack-1"),
    claim("provider.create", name="n" * 200, provider=PROVIDER, parent=OTHER, deadline="2026-03-01T12:00:00+01:00"),
    claim("provider.update", provider=PROVIDER, parent=None),
    claim("provider.update", provider=PROVIDER, name="rack-2", generation=0),
    claim("provider.delete", provider=PROVIDER, generation=2**53 - 1),
    claim(
        "provider.declare",
        provider=PROVIDER,
        name="rack-1",
        parent=OTHER,
        inventories={"VCPU": {"total": 1}, "CUSTOM_FPGA": {"total": 2, "allocation_ratio": 1.5}},
        traits=["HW_GPU", "HW_GPU"],
        aggregates=[CLAIM, OTHER],
    ),
    claim("provider.set_state", provider=PROVIDER, state="draining"),
    inventory_create(reserved=1, min_unit=1, max_unit=8, step_size=2, allocation_ratio=0.29, generation=3),
    claim("inventory.update", provider=PROVIDER, resource_class="VCPU", total=1),
    claim("inventory.replace", provider=PROVIDER, inventories={}),
    claim("inventory.delete", provider=PROVIDER, resource_class="VCPU"),
    claim("inventory.clear", provider=PROVIDER),
    claim("resource_class.create", name="CUSTOM_A"),
    claim("resource_class.ensure", name="CUSTOM_A"),
    claim("resource_class.rename", name="VCPU", new_name="CUSTOM_B"),
    claim("resource_class.delete", name="any thing"),
    claim("trait.ensure", name="CUSTOM_A"),
    claim("trait.delete", name="HW_GPU"),
    claim("provider_traits.replace", provider=PROVIDER, traits=[]),
    claim("provider_traits.clear", provider=PROVIDER),
    claim("provider_aggregates.replace", provider=PROVIDER, aggregates=[OTHER.replace("-", "").upper()]),
    allocation_set(),
    allocation_set(
        consumer=consumer(type="TASK", generation=None),
        allocations={},
        provider_generations={OTHER: 2**31},
        mappings={"": [PROVIDER], "_gpu1": [OTHER]},
    ),
    claim("allocation.set_many", claims=[holding(), holding(OTHER, allocations={})]),
    claim("allocation.adjust", consumer=consumer(generation=7), add={}, remove={PROVIDER: {"VCPU": 1}}),
    place(strategy="pack", seed=7),
    claim("allocation.place", consumer=consumer(type="TASK", generation=None), request=WHOLE_REQUEST),
    claim("allocation.release", consumer={"id": CONSUMER, "generation": 2}),
    claim(
        "provider.reshape",
        inventories={
            PROVIDER: {"generation": 3, "inventories": {}},
            OTHER: {"generation": 0, "inventories": {"VCPU": {"total": 1}}},
        },
        allocations=[holding(allocations={OTHER: {"VCPU": 1}})],
    ),
    claim("provider.reshape", inventories={PROVIDER: {"generation": 3, "inventories": {}}}, allocations=[]),
]

QUERIES: list[Body] = [
    {"op": "provider.get", "provider": PROVIDER},
    {
        "op": "provider.list",
        "providers": [PROVIDER],
        "name": "rack-1",
        "in_tree": OTHER,
        "member_of": [OTHER, [CLAIM, PROVIDER]],
        "not_member_of": [CLAIM],
        "resources": {"VCPU": 1},
        "required": ["HW_GPU", ["CUSTOM_A", "CUSTOM_B"]],
        "forbidden": ["CUSTOM_SLOW"],
        "state": "draining",
        "page_size": 1000,
        "after": PROVIDER,
    },
    {"op": "inventory.list", "provider": PROVIDER},
    {"op": "inventory.get", "provider": PROVIDER, "resource_class": "VCPU"},
    {"op": "resource_class.list"},
    {"op": "resource_class.get", "name": "VCPU"},
    {"op": "trait.list", "names": ["HW_GPU"], "prefix": "HW_", "associated": True},
    {"op": "trait.get", "name": "HW_GPU"},
    {"op": "provider_traits.get", "provider": PROVIDER},
    {"op": "provider_aggregates.get", "provider": PROVIDER},
    {"op": "allocation.get", "consumers": [CONSUMER]},
    {"op": "allocation.list", "providers": [PROVIDER], "page_size": 1, "after": OTHER},
    {"op": "usage.provider", "providers": [PROVIDER]},
    {"op": "usage.project", "project": "research", "user": "ada", "type": "unknown"},
    {"op": "candidates.list", "request": {**WHOLE_REQUEST, "limit": 10}},
    {"op": "candidates.list", "request": request()},
    {"op": "candidates.explain", "request": request()},
    {"op": "claim.get", "claim_id": CLAIM},
]
