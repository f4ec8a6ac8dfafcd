"""The access policy along a claim's route: who is refused, what is told to whom, and that nobody else is harmed."""

import json
from typing import Any

import pytest

from schemas.batch import BATCH_OP
from schemas.parked import ParkedReason
from tests.builders import VCPU, claim_id, consumer_id, provider_row
from tests.component.bodies import amounts, claim, create, encoded, holder, put, release, together
from tests.component.rig import REPLY_TO, Rig
from tests.fakes.broker import FakeProperties
from worker.engine.access import Access
from worker.engine.seen import may_be_told
from worker.messages import ORIGINAL_USER, Delivery
from worker.placement.inventory import Inventory
from worker.placement.permissions import Names, Rule, permissions

ROW = provider_row(1, {VCPU: Inventory(100)})
ALLOCATIONS = frozenset({"allocation.set", "allocation.set_many", "allocation.release", "allocation.adjust"})
RULES = (
    Rule(Names(frozenset({"ann"})), ALLOCATIONS | {BATCH_OP}, Names(frozenset({"blue"}))),
    Rule(Names(frozenset({"bob"})), ALLOCATIONS, Names(frozenset({"red"}))),
    Rule(Names(frozenset({"root", "operator"})), ALLOCATIONS | {BATCH_OP, "provider.create"}),
    Rule(Names(), frozenset({"resource_class.ensure"}), anonymous=True),
)
ACCESS = Access(permissions(RULES), frozenset({"operator"}))


def owned(number: int, who: int, project: str, units: int = 1) -> dict[str, Any]:
    """`allocation.set` for a project."""
    return put(number, who, {1: units}, consumer=holder(who, project=project))


@pytest.fixture
def rig() -> Rig:
    """An engine that goes by the rules above; ann has blue, bob has red, root has all, nobody has class names."""
    rig = Rig(access=ACCESS)
    rig.seed(ROW)
    return rig


def replied(rig: Rig) -> list[dict[str, Any]]:
    return [json.loads(one.body)["data"] for one in rig.broker.replies]


async def test_a_claim_that_is_not_permitted_is_refused_and_recorded_like_any_other(rig: Rig) -> None:
    rig.send(owned(1, 1, "red"), user_id="ann")
    await rig.run(owned(2, 2, "blue"), user_id="ann")
    told = rig.told(1)
    assert told["type"] == "claim.rejected"
    assert told["subject"] == consumer_id(1)
    assert told["data"] == {
        "op": "allocation.set",
        "code": "not_permitted",
        "message": "The access policy does not let user ann do allocation.set for project red.",
        "transient": False,
        "details": {"user": "ann", "op": "allocation.set", "project": "red"},
    }
    assert rig.code(2) == "allocation.granted"
    assert rig.used(1) == 1
    assert rig.metric("allocation_claims_total", op="allocation.set", outcome="not_permitted") == 1


async def test_who_is_not_known_may_do_what_a_rule_gives_to_such_alone(rig: Rig) -> None:
    rig.send(claim(1, "resource_class.ensure", name="CUSTOM_A"))
    await rig.run(owned(2, 2, "blue"))
    assert rig.codes([1, 2]) == ["resource_class.created", "not_permitted"]
    assert rig.told(2)["data"]["details"] == {"user": None, "op": "allocation.set", "project": "blue"}


async def test_the_consumer_of_another_project_is_neither_released_nor_taken_over(rig: Rig) -> None:
    rig.send(owned(1, 1, "red"), user_id="bob")
    await rig.run(release(2, 1), owned(3, 1, "blue", 2), user_id="ann")
    assert rig.codes([1, 2, 3]) == ["allocation.granted", "not_permitted", "not_permitted"]
    assert rig.told(2)["data"]["details"] == {"user": "ann", "op": "allocation.release", "project": None}
    assert b"red" not in rig.bodies_of(2)[0] + rig.bodies_of(3)[0]
    assert rig.used(1) == 1


async def test_what_is_wrong_in_itself_is_told_before_it_is_asked_who_sent_it(rig: Rig) -> None:
    wrong = claim(1, "allocation.set", consumer=holder(1, project=""), allocations={})
    await rig.run(wrong, user_id="mallory")
    assert rig.code(1) == "invalid_message"


async def test_a_claim_that_is_not_permitted_neither_cuts_a_batch_nor_reads_anything(rig: Rig) -> None:
    rig.send(owned(1, 1, "blue"), user_id="ann")
    rig.send(create(2, 7), user_id="ann")
    await rig.run(owned(3, 3, "blue"), user_id="ann")
    assert rig.codes([1, 2, 3]) == ["allocation.granted", "not_permitted", "allocation.granted"]
    assert len({kept.batch for kept in rig.store.state.inbox.values()}) == 1


async def test_a_refused_member_of_a_message_harms_no_other(rig: Rig) -> None:
    await rig.run(together(owned(1, 1, "blue"), owned(2, 2, "red"), create(3, 7), owned(4, 4, "blue")), user_id="ann")
    assert rig.codes([1, 2, 3, 4]) == ["allocation.granted", "not_permitted", "not_permitted", "allocation.granted"]
    assert [rig.told(at)["data"]["details"]["op"] for at in (2, 3)] == ["allocation.set", "provider.create"]
    assert rig.consumer.acked == [((), 1)]
    assert rig.dead == []


async def test_several_claims_in_one_message_are_a_permission_of_their_own(rig: Rig) -> None:
    await rig.run(together(owned(1, 1, "red"), owned(2, 2, "red")), user_id="bob")
    assert rig.codes([1, 2]) == ["not_permitted"] * 2
    assert rig.told(1)["data"]["details"] == {"user": "bob", "op": BATCH_OP, "project": "red"}


async def test_the_first_outcome_stays_whoever_sends_the_claim_again(rig: Rig) -> None:
    rig.send(owned(1, 1, "red"), user_id="ann")
    rig.send(owned(1, 1, "red"), user_id="bob")
    async with rig.working():
        await rig.settled()
        rig.send(owned(1, 1, "red"), user_id="bob")
        await rig.settled()
    assert rig.code(1) == "not_permitted"
    assert rig.used(1) == 0


async def test_the_first_outcome_stays_when_the_policy_changes(rig: Rig) -> None:
    await rig.run(owned(1, 1, "red"), user_id="ann")
    wider = Rig(rig, access=Access(permissions([Rule(Names(frozenset({"ann"})), ALLOCATIONS)])))
    await wider.run(owned(1, 1, "red"), owned(2, 2, "red"), user_id="ann", reply_to=REPLY_TO)
    assert wider.codes([1, 2]) == ["not_permitted", "allocation.granted"]
    assert [told.get("code") for told in replied(wider)] == ["not_permitted", None]


async def test_who_repeats_the_claim_of_another_is_not_told_what_came_of_it(rig: Rig) -> None:
    async with rig.working():
        for user in ("ann", "bob", None, "ann", "root"):
            rig.send(owned(1, 1, "blue"), user_id=user, reply_to=REPLY_TO, correlation_id=f"for {user}")
            if user != "ann":
                await rig.settled()
    assert [one.correlation_id for one in rig.broker.replies] == ["for ann", "for ann", "for root"]
    assert len(set(rig.bodies_of(1))) == 1


async def test_a_release_is_told_again_to_those_alone_whose_project_it_was(rig: Rig) -> None:
    rig.send(owned(1, 1, "blue"), user_id="ann")
    rig.send(release(2, 1), user_id="ann")
    async with rig.working():
        await rig.settled()
        for user in ("bob", None, "ann"):
            rig.send(release(2, 1), user_id=user, reply_to=REPLY_TO)
        await rig.settled()
    (told,) = replied(rig)
    assert [one["project"] for one in told["consumers"]] == ["blue"]


def test_an_outcome_too_large_to_name_its_project_is_told_to_those_of_all_projects() -> None:
    cut = json.dumps({"type": "allocation.released", "data": {"truncated": True, "ids": {}, "counts": {}}}).encode()

    def told(user: str) -> bool:
        properties = FakeProperties(user_id=user)
        again = Delivery(encoded(release(1, 1)), "allocation.release", properties, 1, 1, False, 0)
        return may_be_told(ACCESS, again, cut)

    assert (told("ann"), told("root"), told("mallory")) == (False, True, False)


async def test_under_a_wrong_key_nobody_learns_what_came_of_a_claim(rig: Rig) -> None:
    async with rig.working():
        rig.send(owned(1, 1, "blue"), user_id="ann")
        await rig.settled()
        rig.send_bytes(encoded(owned(1, 1, "blue")), "trait.ensure", user_id="mallory", reply_to=REPLY_TO)
        await rig.settled()
    assert rig.broker.replies == []


async def test_a_refused_release_tells_nobody_else_who_was_refused(rig: Rig) -> None:
    rig.send(owned(1, 1, "blue"), user_id="ann")
    rig.send(release(2, 1), user_id="mallory")
    async with rig.working():
        await rig.settled()
        for user in ("ann", "bob", "mallory"):
            rig.send(release(2, 1), user_id=user, reply_to=REPLY_TO)
        await rig.settled()
    assert [told["details"]["user"] for told in replied(rig)] == ["mallory"]


async def test_who_was_refused_is_told_so_again(rig: Rig) -> None:
    async with rig.working():
        for user in ("ann", "ann", "bob"):
            rig.send(create(1, 7), user_id=user, reply_to=REPLY_TO)
            await rig.settled()
    assert [told["details"]["user"] for told in replied(rig)] == ["ann", "ann"]


async def test_somebody_is_spoken_for_by_those_alone_whom_the_policy_names(rig: Rig) -> None:
    for_ann = {ORIGINAL_USER: "ann"}
    rig.send(owned(1, 1, "blue"), user_id="operator", headers=for_ann)
    rig.send(owned(2, 2, "red"), user_id="operator", headers=for_ann)
    rig.send(owned(3, 3, "blue"), user_id="bob", headers=for_ann)
    rig.send(owned(4, 4, "blue"), headers=for_ann)
    rig.send(owned(5, 5, "red"), user_id="operator")
    rig.send(owned(6, 6, "blue"), user_id="operator", headers={ORIGINAL_USER: 7})
    await rig.run(owned(7, 7, "blue"), user_id="operator", headers={ORIGINAL_USER: ""})
    told = [rig.told(at)["data"].get("details", {}).get("user", "granted") for at in range(1, 8)]
    assert told == ["granted", "ann", "bob", None, "granted", None, None]


async def test_a_parked_claim_tells_on_whose_behalf_it_was_sent(rig: Rig) -> None:
    forged = {ORIGINAL_USER: "root"}
    rig.send_bytes(b"{", user_id="operator", headers={ORIGINAL_USER: "ann"})
    rig.send_bytes(b"[", user_id="bob", headers=forged)
    rig.send_bytes(b"x", headers=forged)
    await rig.run()
    assert [(one.headers or {}).get(ORIGINAL_USER) for one in rig.dead] == ["ann", "bob", ""]


async def test_another_body_under_the_id_of_a_refused_claim_is_parked_as_ever(rig: Rig) -> None:
    rig.send(owned(1, 1, "red"), user_id="ann")
    await rig.run(owned(1, 1, "blue"), user_id="ann")
    (parked,) = rig.dead
    assert (parked.headers or {})["x-parked-reason"] == ParkedReason.CLAIM_ID_REUSED
    assert rig.code(1) == "not_permitted"


async def test_without_a_policy_nobody_is_asked_for(two_each: Rig) -> None:
    two_each.send(put(1, 1, {1: 1}))
    await two_each.run(put(2, 2, {1: 1}), user_id="mallory")
    assert two_each.codes([1, 2]) == ["allocation.granted"] * 2


async def test_of_several_consumers_none_is_changed_where_one_is_not_permitted(rig: Rig) -> None:
    members = [
        {"consumer": holder(at, project=name), "allocations": amounts({1: 1})} for at, name in ((1, "blue"), (2, "red"))
    ]
    rig.send_bytes(encoded(claim(1, "allocation.set_many", claims=members)), "allocation.set_many", user_id="ann")
    await rig.run()
    assert rig.told(1)["data"]["details"]["project"] == "red"
    assert rig.used(1) == 0
    assert claim_id(1) in rig.store.state.inbox
