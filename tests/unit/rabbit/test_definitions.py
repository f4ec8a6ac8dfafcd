"""The topology and what is rendered of it."""

import re

from worker.rabbit.definitions import definitions, policy_commands
from worker.rabbit.topology import topology


def test_the_objects_are_those_of_the_contract() -> None:
    wanted = topology()
    assert {each.name for each in wanted.exchanges} == {"allocation.claims", "allocation.events", "allocation.dead"}
    assert {each.kind for each in wanted.exchanges} == {"topic"}
    assert {(each.name, each.kind) for each in wanted.queues} == {
        ("allocation.claims", "quorum"),
        ("allocation.dead", "quorum"),
        ("allocation.queries", "quorum"),
    }
    assert {(each.exchange, each.queue, each.routing_key) for each in wanted.bindings} == {
        ("allocation.claims", "allocation.claims", "#"),
        ("allocation.dead", "allocation.dead", "#"),
    }


def test_history_is_a_stream_of_all_events_for_seven_days() -> None:
    added = topology(history=True)
    assert ("allocation.history", "stream") in {(each.name, each.kind) for each in added.queues}
    assert ("allocation.events", "allocation.history", "#") in {
        (each.exchange, each.queue, each.routing_key) for each in added.bindings
    }
    assert {"max-age": "7D"} in [each.definition for each in added.policies]


def test_events_in_bulk_have_an_exchange_where_they_are_asked_for() -> None:
    added = topology("spare", events_in_bulk=True)
    assert {each.name for each in added.exchanges} - {each.name for each in topology("spare").exchanges} == {
        "spare.events.batches"
    }


def test_kind_and_delivery_limit_are_the_only_arguments_of_a_queue() -> None:
    rendered = definitions(topology(history=True))
    assert {queue["name"]: queue["arguments"] for queue in rendered["queues"]} == {
        "allocation.claims": {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000_000},
        "allocation.dead": {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000_000},
        "allocation.queries": {"x-queue-type": "quorum", "x-delivery-limit": 20},
        "allocation.history": {"x-queue-type": "stream"},
    }


def test_a_policy_fits_its_queue_alone() -> None:
    (policy,) = topology("a.b").policies
    assert re.search(policy.pattern, "a.b.claims")
    for other in ("axb.claims", "a.b.claims.more", "x.a.b.claims"):
        assert not re.search(policy.pattern, other)


def test_the_policies_of_both_renderings_are_the_same() -> None:
    wanted = topology(history=True)
    names = [policy["name"] for policy in definitions(wanted, "v")["policies"]]
    commands = policy_commands(wanted, "v")
    assert [command[5] for command in commands] == names
    assert all(command[:3] == ("set_policy", "--vhost", "v") for command in commands)
