"""Messages that were made to break something: each has an outcome or is parked, and the worker goes on."""

import re

import pytest

from tests.builders import VCPU, claim_id, provider_id, provider_row
from tests.component.bodies import claim, put
from tests.component.rig import Rig
from worker.placement.inventory import Inventory

NASTY = [
    '{"claim_id":"ID","op":"\\ud800"}',
    '{"claim_id":"ID","op":"\\u0000"}',
    '{"claim_id":"ID","\\ud800":1,"op":"trait.ensure","name":"CUSTOM_A"}',
    '{"claim_id":"ID","op":"provider.create","name":"a\\u0000b"}',
    '{"claim_id":"ID","op":"provider.create","name":"a\\ud800b"}',
    '{"claim_id":"ID","op":"trait.ensure","name":"CUSTOM_A","deadline":"9999-12-31T23:59:59-23:59"}',
    '{"claim_id":"ID","op":"trait.ensure","name":"CUSTOM_A","deadline":"0001-01-01T00:00:00+23:59"}',
    '{"claim_id":"ID","op":"inventory.create","provider":"P","resource_class":"DISK_GB","total":1e999999}',
    '{"claim_id":"ID","op":"inventory.create","provider":"P","resource_class":"DISK_GB","total":1E2}',
    '{"claim_id":"ID","op":"inventory.create","provider":"P","resource_class":"DISK_GB","total":1,'
    '"allocation_ratio":1e-400}',
    '{"claim_id":"ID","op":"allocation.release","consumer":{"id":"P","generation":1' + "0" * 400 + "}}",
    '{"claim_id":"ID","op":["a"],"x":{"y":[[[[1]]]]}}',
    '{"claim_id":"ID"}',
    '{"claim_id":["ID"]}',
    "null",
    "",
    "\ufeff{}",
]


@pytest.mark.parametrize("body", NASTY)
async def test_a_nasty_message_is_answered_or_parked_and_harms_no_other(rig: Rig, body: str) -> None:
    rig.seed(provider_row(1, {VCPU: Inventory(10)}))
    rig.send(put(8, 8, {1: 1}))
    nasty = body.replace('"ID"', f'"{claim_id(1)}"').replace('"P"', f'"{provider_id(1)}"')
    op = re.search(r'"op":"([a-z_.]+)"', nasty)
    for routing_key in (op[1] if op else "trait.ensure", "some.other.key"):
        rig.send_bytes(nasty.encode(), routing_key)
    await rig.run(put(9, 9, {1: 1}))
    assert rig.codes((8, 9)) == ["allocation.granted"] * 2
    assert rig.consumer.steps.taken.count("open") == 1
    assert len(rig.events) >= 2
    assert all((one.headers or {})["x-parked-reason"] != "poison" for one in rig.dead)
    assert len(set(rig.bodies_of(1))) == 1 or len(rig.dead) == 2


async def test_a_sentence_for_people_spells_out_what_a_name_has_in_it(rig: Rig) -> None:
    await rig.run(claim(1, "trait.delete", name="\x1b[2J\n\u202e"))
    data = rig.told(1)["data"]
    assert data["message"] == "There is no trait \\x1b[2J\\n\\u202e."
    assert data["details"] == {"traits": ["\x1b[2J\n\u202e"]}
