"""The topology for operators: as a definitions file for the broker, and as policies for `rabbitmqctl`."""

import json
from typing import Any

from worker.rabbit.topology import Policy, Topology


def definitions(wanted: Topology, vhost: str = "/") -> dict[str, Any]:
    """What `rabbitmqctl import_definitions` and `load_definitions` take; no users, which are not ours to make."""
    return {
        "vhosts": [{"name": vhost}],
        "exchanges": [
            {"name": each.name, "type": each.kind, "internal": False, **_lasting(vhost)} for each in wanted.exchanges
        ],
        "queues": [{"name": each.name, **_lasting(vhost), "arguments": each.arguments} for each in wanted.queues],
        "bindings": [
            {
                "source": each.exchange,
                "destination": each.queue,
                "destination_type": "queue",
                "routing_key": each.routing_key,
                "vhost": vhost,
                "arguments": {},
            }
            for each in wanted.bindings
        ],
        "policies": [_policy(each, vhost) for each in wanted.policies],
    }


def policy_commands(wanted: Topology, vhost: str = "/") -> list[tuple[str, ...]]:
    """The arguments of `rabbitmqctl` that set each policy, for brokers whose objects were declared by a worker."""
    return [
        ("set_policy", "--vhost", vhost, "--apply-to", "queues", each.name, each.pattern, json.dumps(each.definition))
        for each in wanted.policies
    ]


def _lasting(vhost: str) -> dict[str, Any]:
    return {"vhost": vhost, "durable": True, "auto_delete": False, "arguments": {}}


def _policy(policy: Policy, vhost: str) -> dict[str, Any]:
    return {
        "name": policy.name,
        "vhost": vhost,
        "pattern": policy.pattern,
        "apply-to": "queues",
        "definition": dict(policy.definition),
        "priority": 0,
    }
