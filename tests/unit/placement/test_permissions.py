"""Rules of access: nothing is permitted that none of them gives, and their order means nothing."""

import unicodedata
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import (
    NOW,
    VCPU,
    adjust_claim,
    claim_id,
    consumer,
    consumer_row,
    create_claim,
    holding,
    place_claim,
    provider_id,
    provider_row,
    release_claim,
    reshape_claim,
    set_claim,
    snapshot,
)
from worker.placement.claims import Claim
from worker.placement.decide import deciding
from worker.placement.inventory import Inventory, Stock
from worker.placement.outcomes import Accepted, Code, Outcome, Rejected
from worker.placement.permissions import Names, Permit, Rule, permissions, refused_as_asked
from worker.placement.plan import Plan, Writes
from worker.placement.snapshot import Snapshot

ANYBODY = Names(beginnings=("",))
BLUE = Names(frozenset({"blue"}))
P1 = provider_id(1)
TEN = Inventory(10)
HELD = snapshot(provider_row(1, {VCPU: Stock(TEN, 1)}), consumer_row(1, {P1: {VCPU: 1}}))
"""One unit is held by consumer 1, which belongs to the project `project`."""

texts = st.text(alphabet="abå*", max_size=3)
names = st.builds(
    Names, exact=st.frozensets(texts, max_size=3), beginnings=st.tuples(texts) | st.tuples(texts, texts) | st.just(())
)
rules = st.lists(
    st.builds(
        Rule,
        users=names,
        ops=st.frozensets(st.sampled_from(["x", "y", "z"]), max_size=2),
        projects=st.none() | names,
        anonymous=st.booleans(),
    ),
    max_size=5,
)


def told(claim: Claim, permit: Permit, before: Snapshot) -> Outcome:
    """What comes of a claim that was permitted as it was asked."""
    plan = planned(claim, permit, before)
    (outcome,) = plan.outcomes
    return outcome


def planned(claim: Claim, permit: Permit, before: Snapshot) -> Plan:
    turns = deciding([claim], before, permits={claim.id: permit})
    with pytest.raises(StopIteration) as end:
        next(turns)
    plan: Plan = end.value.value
    return plan


def for_projects(*projects: str, op: str = "allocation.set") -> Permit:
    return Permit("nova", op, True, Names(frozenset(projects)))


@given(rules, st.none() | texts, st.sampled_from(["x", "y", "z"]), texts)
def test_nothing_is_permitted_that_no_single_rule_gives(
    some: list[Rule], user: str | None, op: str, project: str
) -> None:
    permit = permissions(some)(user, op)
    giving = [rule for rule in some if op in rule.ops and (rule.anonymous if user is None else user in rule.users)]
    assert permit.granted == bool(giving)
    assert permit.covers(project) == any(rule.projects is None or project in rule.projects for rule in giving)


@given(rules, st.none() | texts, st.sampled_from(["x", "y"]), st.integers())
def test_the_order_of_rules_means_nothing(some: list[Rule], user: str | None, op: str, seed: int) -> None:
    shuffled = Random(seed).sample(some, len(some))  # noqa: S311 - an order, no secret
    assert permissions(shuffled)(user, op) == permissions(some)(user, op)


@given(rules, rules, st.none() | texts, st.sampled_from(["x", "y"]), texts)
def test_a_rule_more_takes_nothing_away(
    some: list[Rule], more: list[Rule], user: str | None, op: str, project: str
) -> None:
    if permissions(some)(user, op).covers(project):
        assert permissions([*some, *more])(user, op).covers(project)


def test_without_rules_nobody_may_do_anything() -> None:
    permit = permissions([])
    assert not permit("nova", "allocation.set").granted
    assert not permit(None, "allocation.set").granted
    assert not permit("nova", "allocation.set").covers("blue")


def test_all_users_are_those_that_are_known_by_name() -> None:
    assert permissions([Rule(ANYBODY, frozenset({"x"}))])(None, "x").granted is False
    assert permissions([Rule(ANYBODY, frozenset({"x"}))])("", "x").granted is True
    assert permissions([Rule(Names(), frozenset({"x"}), anonymous=True)])(None, "x").granted is True


@pytest.mark.parametrize("near", ["Blue", "blue ", " blue", "blu", "blue\u200b", "bl\u00fce", "blue*", "blue\x00"])
def test_a_name_is_that_name_to_the_letter(near: str) -> None:
    assert near not in BLUE
    assert "blue" in BLUE


def test_a_name_is_not_normalised_before_it_is_compared() -> None:
    composed = "caf\u00e9"
    assert unicodedata.normalize("NFD", composed) not in Names(frozenset({composed}))
    assert "\ufb01x" not in Names(frozenset({"fix"}))


def test_a_beginning_is_no_pattern() -> None:
    team = Names(beginnings=("team-.",))
    assert ("team-.a" in team, "team-xa" in team, "a team-." in team) == (True, False, False)


@pytest.mark.parametrize(
    ("claim", "project"),
    [
        (set_claim(1, holding(consumer(1, project="green"), {P1: {VCPU: 1}})), "green"),
        (
            set_claim(
                1, *(holding(consumer(at, project=name), {}) for at, name in enumerate(["blue", "red", "green"]))
            ),
            "red",
        ),
        (adjust_claim(1, consumer(1, project="green"), add={P1: {VCPU: 1}}), "green"),
        (place_claim(1, consumer(1, project="green"), {VCPU: 1}), "green"),
        (reshape_claim(1, {1: (0, {})}, holding(consumer(1, project="green"), {})), "green"),
    ],
)
def test_a_claim_is_refused_for_the_first_project_that_it_names_and_may_not(claim: Claim, project: str) -> None:
    refused = refused_as_asked(claim, for_projects("blue"))
    assert refused is not None
    assert (refused.claim, refused.code) == (claim_id(1), Code.NOT_PERMITTED)
    assert refused.details == {"user": "nova", "op": "allocation.set", "project": project}
    assert refused_as_asked(claim, for_projects("blue", "red", "green")) is None


def test_an_op_that_is_not_given_is_refused_with_the_project_that_was_asked_for_if_any() -> None:
    none = Permit("nova", "provider.create", False, Names())
    refused = refused_as_asked(create_claim(1, 1), none)
    assert refused is not None
    assert refused.details == {"user": "nova", "op": "provider.create", "project": None}
    asked = refused_as_asked(set_claim(1, holding(1, {})), none)
    assert asked is not None
    assert asked.details["project"] == "project"


@pytest.mark.parametrize(
    "claim",
    [
        set_claim(1, holding(consumer(1, project="blue"), {P1: {VCPU: 2}})),
        set_claim(1, holding(consumer(1, project="blue"), {})),
        set_claim(1, holding(consumer(2, project="blue"), {P1: {VCPU: 1}}), holding(consumer(1, project="blue"), {})),
        adjust_claim(1, consumer(1, project="blue"), remove={P1: {VCPU: 1}}),
        release_claim(1, 1),
        reshape_claim(1, {1: (0, {VCPU: TEN})}, holding(consumer(1, project="blue"), {P1: {VCPU: 1}})),
    ],
)
def test_what_belongs_to_another_project_is_not_touched_and_that_project_is_not_told(claim: Claim) -> None:
    plan = planned(claim, for_projects("blue"), HELD)
    (outcome,) = plan.outcomes
    assert isinstance(outcome, Rejected)
    assert outcome.code is Code.NOT_PERMITTED
    assert outcome.details == {"user": "nova", "op": "allocation.set", "project": None}
    assert "project project" not in outcome.message
    assert plan.writes == Writes()
    assert isinstance(told(claim, for_projects("blue", "project"), HELD), Accepted)


def test_who_may_do_it_for_every_project_may_do_it_whoever_the_consumer_belongs_to() -> None:
    assert isinstance(told(release_claim(1, 1), Permit("nova", "allocation.release", True), HELD), Accepted)


def test_a_consumer_that_holds_nothing_belongs_to_no_project() -> None:
    outcome = told(release_claim(1, 2), for_projects("blue"), HELD)
    assert isinstance(outcome, Accepted)
    assert outcome.changed is False


def test_the_project_is_that_which_earlier_claims_of_the_batch_left() -> None:
    claims: list[Claim] = [set_claim(1, holding(consumer(1, project="blue"), {P1: {VCPU: 1}})), release_claim(2, 1)]
    turns = deciding(claims, HELD, permits={claims[1].id: for_projects("project")})
    with pytest.raises(StopIteration) as end:
        next(turns)
    moved, released = end.value.value.outcomes
    assert isinstance(moved, Accepted)
    assert isinstance(released, Rejected)
    assert released.code is Code.NOT_PERMITTED


def test_what_is_not_permitted_is_told_before_a_deadline_and_before_all_else() -> None:
    late = set_claim(
        1, holding(consumer(1, project="blue", generation=7), {provider_id(9): {VCPU: 99}}),
        deadline=NOW - timedelta(seconds=1),
    )  # fmt: skip
    outcome = told(late, for_projects("blue"), HELD)
    assert isinstance(outcome, Rejected)
    assert outcome.code is Code.NOT_PERMITTED
    told_to_the_owner = told(late, for_projects("blue", "project"), HELD)
    assert isinstance(told_to_the_owner, Rejected)
    assert told_to_the_owner.code is Code.DEADLINE_PASSED
