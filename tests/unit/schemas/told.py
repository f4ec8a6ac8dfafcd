"""One valid example, or more, of every event and reply."""

from typing import Any

from tests.unit.schemas.examples import CLAIM, CONSUMER, NOW, OTHER, PROVIDER, Body


def event(event_type: str, data: Body, **fields: Any) -> Body:
    whole = {
        "specversion": "1.0",
        "id": OTHER,
        "source": "/allocation-worker",
        "type": event_type,
        "subject": CONSUMER,
        "time": NOW,
        "claimid": CLAIM,
        "dataschema": f"urn:allocation:schema:{event_type}:1",
        "data": data,
    }
    return {key: value for key, value in {**whole, **fields}.items() if value is not None}


def rejected(code: str, details: Any, *, transient: bool) -> Body:
    said = {"op": "allocation.set", "code": code, "message": "No.", "transient": transient, "details": details}
    return event("claim.rejected", said)


SHOWN: Body = {
    "provider": PROVIDER,
    "name": "rack-1",
    "generation": 2**53 - 1,
    "incarnation": 7,
    "parent": None,
    "root": PROVIDER,
    "state": "enabled",
    "created_at": NOW,
    "updated_at": NOW,
}
INVENTORY: Body = {
    "total": 10,
    "reserved": 0,
    "min_unit": 1,
    "max_unit": 10,
    "step_size": 1,
    "allocation_ratio": 1.5,
}
VERSION: Body = {"provider": PROVIDER, "generation": 3, "incarnation": 7}
LEVELS: Body = {"generation": 3, "incarnation": 7, "inventories": {"VCPU": {"capacity": 15, "used": 16}}}
CHANGE: Body = {
    "id": CONSUMER,
    "project": "research",
    "user": "ada",
    "type": None,
    "generation": None,
    "before": {PROVIDER: {"VCPU": 1}},
    "after": {},
    "mappings": {"": [PROVIDER]},
}
GRANTED = event("allocation.granted", {"changed": True, "consumers": [CHANGE], "providers": {PROVIDER: LEVELS}})
INVENTORY_CHANGED: Body = {
    **VERSION,
    "before": {},
    "after": {"VCPU": INVENTORY},
    "inventories": {"VCPU": {"capacity": 15, "used": 16}},
    "over_capacity": ["VCPU"],
}
ROOT: Body = {"provider": OTHER, "generation": 1, "incarnation": 8, "root": PROVIDER}
EXPLANATION: Body = {
    "groups": {
        "": [
            *({"step": step, "left": 2} for step in ("all", "enabled", "in_tree", "aggregates", "traits")),
            {"step": "inventory", "resource_class": "VCPU", "left": 1},
            {"step": "units", "resource_class": "VCPU", "left": 1},
            {"step": "capacity", "resource_class": "VCPU", "left": 0},
        ]
    },
    "trees": [{"step": step, "left": 0} for step in ("tree_merge", "group_policy", "same_subtree")],
    "nearest": [
        {
            "group": "",
            "provider": PROVIDER,
            "resource_class": "VCPU",
            "requested": 4,
            "capacity": 15,
            "used": 16,
            "free": -1,
            "lacking": 5,
        }
    ],
}
CONSEQUENCE: Body = {"claimid": None, "causeid": CLAIM}

EVENTS: list[Body] = [
    GRANTED,
    event(
        "allocation.granted",
        {"changed": True, "truncated": True, "ids": {"consumers": [CONSUMER]}, "counts": {"consumers": 1}},
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ),
    event("allocation.released", {"changed": False, "consumer": CONSUMER, "consumers": [], "providers": {}}),
    event("provider.created", {"changed": True, "provider": SHOWN, "roots": []}),
    event("provider.updated", {"changed": True, "provider": SHOWN, "roots": [ROOT]}),
    event("provider.deleted", {"changed": True, "provider": SHOWN}),
    event("provider.state_changed", {"changed": True, "provider": {**SHOWN, "state": "draining"}}),
    event(
        "provider.reshaped",
        {
            "changed": True,
            "consumers": [CHANGE],
            "providers": {PROVIDER: LEVELS},
            "inventories": {PROVIDER: {"before": {"VCPU": INVENTORY}, "after": {}}},
        },
    ),
    event("inventory.changed", {"changed": True, **INVENTORY_CHANGED}),
    event("inventory.changed", INVENTORY_CHANGED, **CONSEQUENCE),
    event("provider_traits.changed", {**VERSION, "before": [], "after": ["HW_GPU"]}, **CONSEQUENCE),
    event("provider_aggregates.changed", {**VERSION, "before": [OTHER], "after": [], "changed": True}),
    event("resource_class.created", {"changed": False, "name": "CUSTOM_A"}),
    event("resource_class.renamed", {"changed": True, "name": "CUSTOM_A", "new_name": "CUSTOM_B"}),
    event("resource_class.deleted", {"changed": True, "name": "CUSTOM_A"}),
    event("trait.created", {"changed": True, "name": "CUSTOM_A"}),
    event("trait.deleted", {"changed": True, "name": "CUSTOM_A"}),
]

CLASS: Body = {"provider": PROVIDER, "resource_class": "VCPU"}
CLASS_OF: Body = {**CLASS, "consumer": CONSUMER}
SHORT: Body = {**CLASS_OF, "capacity": 4, "used": 5, "requested": 1, "free": -1}
USERS: Body = {"count": 1, "examples": [OTHER]}

REJECTIONS: dict[str, tuple[Any, bool]] = {
    "invalid_message": ([{"path": ["claims", 0, "op"], "rule": "minimum", "limit": 1, "value": 0}], False),
    "not_permitted": ({"user": "ada", "op": "allocation.set", "project": "research"}, False),
    "deadline_passed": ({"deadline": NOW, "begun_at": NOW}, False),
    "tree_loop": ({"path": [PROVIDER, OTHER]}, False),
    "provider_not_found": ({"providers": [PROVIDER]}, True),
    "parent_not_found": ({"providers": [PROVIDER]}, True),
    "resource_class_not_found": ({"resource_classes": ["CUSTOM_A"]}, True),
    "trait_not_found": ({"traits": ["CUSTOM_A"]}, True),
    "duplicate_name": ({"name": "rack-1"}, False),
    "duplicate_id": ({"provider": PROVIDER}, False),
    "inventory_exists": (CLASS, False),
    "standard_immutable": ({"name": "VCPU"}, False),
    "consumer_generation_conflict": ({"consumer": CONSUMER, "expected": None, "found": 2**31}, True),
    "provider_generation_conflict": ({"provider": PROVIDER, "expected": 1, "found": None}, True),
    "conflict_retries_exhausted": ({"tries": 8}, True),
    "inventory_not_found": ({**CLASS, "others": [CLASS]}, True),
    "invalid_inventory": ({**CLASS, "field": "reserved", "value": 2, "rule": "total"}, False),
    "unit_constraint_violated": ({**CLASS_OF, "amount": 3, "rule": "step_size", "limit": 2}, False),
    "capacity_exceeded": ({**SHORT, "others": [SHORT] * 20}, True),
    "provider_unavailable": ({"provider": PROVIDER, "state": "draining"}, True),
    "allocation_not_found": ({**CLASS_OF, "held": 0, "requested": 1}, False),
    "no_candidates": (EXPLANATION, True),
    "provider_has_children": ({"provider": PROVIDER, **USERS}, True),
    "provider_in_use": ({"provider": PROVIDER, **USERS}, True),
    "inventory_in_use": ({"provider": PROVIDER, "resource_classes": ["VCPU"], **USERS}, True),
    "resource_class_in_use": ({"resource_classes": ["CUSTOM_A"], **USERS}, True),
    "trait_in_use": ({"traits": ["CUSTOM_A"], **USERS}, True),
}
EVENTS.append(
    event(
        "claim.rejected",
        {
            "op": "allocation.set",
            "code": "resource_class_not_found",
            "message": "No.",
            "transient": True,
            "truncated": True,
            "details": {"counts": {"resource_classes": 1000}},
        },
    )
)
EVENTS.append(
    event(
        "claim.rejected",
        {
            "op": "allocation.place",
            "code": "no_candidates",
            "message": "No.",
            "transient": True,
            "truncated": True,
            "details": {"counts": {"groups": 64, "trees": 3, "nearest": 20}},
        },
    )
)
EVENTS += [rejected(code, details, transient=transient) for code, (details, transient) in REJECTIONS.items()]

OF_PROVIDER: Body = {"provider": PROVIDER, "generation": 1}
HELD: Body = {"generation": 1, "resources": {"VCPU": 1}}
OWNER: Body = {"project": "research", "user": "ada", "type": "TASK", "generation": 1}

ANSWERS: dict[str, Body] = {
    "provider.get": SHOWN,
    "provider.list": {"providers": [SHOWN], "next": PROVIDER},
    "inventory.list": {**OF_PROVIDER, "inventories": {"VCPU": INVENTORY}},
    "inventory.get": {**OF_PROVIDER, "resource_class": "VCPU", "inventory": INVENTORY},
    "resource_class.list": {"names": ["VCPU", "CUSTOM_A"]},
    "resource_class.get": {"name": "VCPU"},
    "trait.list": {"names": []},
    "trait.get": {"name": "HW_GPU"},
    "provider_traits.get": {**OF_PROVIDER, "traits": ["HW_GPU"]},
    "provider_aggregates.get": {**OF_PROVIDER, "aggregates": [OTHER]},
    "allocation.get": {"consumers": {CONSUMER: {**OWNER, "allocations": {PROVIDER: HELD}}}},
    "allocation.list": {
        "providers": {PROVIDER: {"generation": 1, "consumers": {CONSUMER: HELD}}},
        "next": None,
    },
    "usage.provider": {"providers": {PROVIDER: {"generation": 1, "usages": {"VCPU": 0}}}},
    "usage.project": {"usages": {"unknown": {"consumer_count": 1, "resources": {"VCPU": 1}}}},
    "candidates.list": {
        "allocation_requests": [{"allocations": {PROVIDER: {"VCPU": 4}}, "mappings": {"": [PROVIDER]}}],
        "provider_summaries": {
            PROVIDER: {
                "resources": {"VCPU": {"capacity": 15, "used": 16}},
                "traits": ["HW_GPU"],
                "parent": None,
                "root": PROVIDER,
            }
        },
        "truncated": False,
    },
    "candidates.explain": EXPLANATION,
    "claim.get": GRANTED,
}
