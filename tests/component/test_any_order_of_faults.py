"""Random claims through two engines on one store and one queue, with random faults: what must always hold."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import VCPU, claim_id, provider_id
from tests.component.bodies import Body, amounts, claim, declare, holder, put, release, together
from tests.component.rig import BACKOFF_MAX_S, CLAIMS, Rig
from tests.fakes.signals import Steps
from worker.faults import Conflict, LockTimeout, Outage, Unconfirmed

PROVIDERS = (1, 2, 3)
CONSUMERS = (1, 2, 3)
TOTAL = 10

ELSEWHERE_TOO = {"begin", "confirm", "probe", "commit"}
"""Steps that are taken beside the route as well, where an unknown exception ends the worker."""

held = st.dictionaries(st.sampled_from(PROVIDERS), st.integers(1, 6), max_size=2)
some = st.dictionaries(st.sampled_from(PROVIDERS), st.integers(1, 4), min_size=1, max_size=2)
who = st.sampled_from(CONSUMERS)
where = st.sampled_from(PROVIDERS)


def _member(number: int, units: dict[int, int]) -> Body:
    return {"consumer": holder(number), "allocations": amounts(units)}


claims = st.one_of(
    st.builds(lambda c, h: put(0, c, h), who, held),
    st.builds(lambda c, h: put(0, c, h, consumer=holder(c, generation=None)), who, held),
    st.builds(lambda c: release(0, c), who),
    st.builds(lambda c, h: claim(0, "allocation.adjust", consumer=holder(c), add=amounts(h)), who, some),
    st.builds(lambda c, h: claim(0, "allocation.adjust", consumer=holder(c), remove=amounts(h)), who, some),
    st.builds(lambda a, b: claim(0, "allocation.set_many", claims=[_member(1, a), _member(2, b)]), held, held),
    st.builds(lambda p: declare(0, p, TOTAL), where),
    st.builds(lambda p: claim(0, "provider.delete", provider=provider_id(p)), where),
)
store_faults = st.tuples(
    st.sampled_from(["begin", "keep_fresh", "read", "lock", "write", "commit", "confirm", "probe"]),
    st.sampled_from([Conflict("40001"), LockTimeout("55P03"), Outage("08006"), LookupError("once")]),
    st.booleans(),
).filter(lambda fault: not (isinstance(fault[1], LookupError) and fault[0] in ELSEWHERE_TOO))
publisher_faults = st.tuples(
    st.sampled_from(["publish", "publish", "probe", "open"]), st.just(Unconfirmed("nacked")), st.booleans()
)
rounds = st.lists(
    st.tuples(
        st.lists(st.tuples(claims, st.booleans()), min_size=1, max_size=6),
        st.lists(store_faults, max_size=3),
        st.lists(publisher_faults, max_size=2),
        st.sampled_from(["none", "none", "first", "second"]),
        st.booleans(),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rounds)
def test_every_claim_has_one_outcome_and_the_sums_are_right(plan: list[Any]) -> None:
    asyncio.run(_scenario(plan))


async def _scenario(plan: list[Any]) -> None:
    first = Rig(batch_size_max=3)
    second = Rig(first, batch_size_max=3)
    await _seed(first)
    sent: list[Body] = []
    bugs: list[Exception] = []
    async with first.working(), second.working():
        for given_claims, store, publisher, lost, in_one in plan:
            _arm(first.store.steps, [fault for fault in store if _is_first_bug(fault, bugs)])
            _arm(first.publisher.steps, publisher)
            bodies: list[Body] = []
            for body, again in given_claims:
                whole = {**body, "claim_id": claim_id(100 + len(sent))}
                sent.append(whole)
                bodies += [whole] * (1 + again)
            first.send(*([together(*bodies)] if in_one else bodies))
            if lost != "none":
                await first.store.until(lambda: bool(first.store.steps.taken), "something has begun")
                (first if lost == "first" else second).consumer.lose()
            await _settled(first, second)
    assert first.dead == []
    _one_outcome_each(first, len(sent))
    _sums_are_right(first)
    _generations_have_no_gap(first)


async def _seed(rig: Rig) -> None:
    rig.send(*(declare(number, number, TOTAL) for number in PROVIDERS))
    seeding = Rig(rig)
    async with seeding.working():
        await seeding.settled()
    rig.consumer.steps.taken.clear()


def _is_first_bug(fault: tuple[str, Exception, bool], bugs: list[Exception]) -> bool:
    """Whether it is no bug, or the only one: a second of the same kind may get an innocent claim parked, rightly."""
    if not isinstance(fault[1], LookupError):
        return True
    bugs.append(fault[1])
    return len(bugs) == 1


def _arm(steps: Steps, faults: list[tuple[str, Exception, bool]]) -> None:
    for step, error, after_effect in faults:
        steps.fail_next(step, type(error)(*error.args), after_effect=after_effect and step in {"commit", "publish"})


async def _settled(*rigs: Rig) -> None:
    """Until nothing is left in the queue; whoever waits for its next probe makes it."""
    broker, clock = rigs[0].broker, rigs[0].clock
    while not broker.is_idle(CLAIMS):
        idle = asyncio.create_task(broker.until(lambda: broker.is_idle(CLAIMS), "all claims are settled"))
        waiting = asyncio.create_task(
            clock.until(lambda: any(clock.waits_for(rig.stop) for rig in rigs), "an engine waits to probe")
        )
        await asyncio.wait((idle, waiting), return_when=asyncio.FIRST_COMPLETED)
        for task in (idle, waiting):
            task.cancel()
        for rig in rigs:
            rig.raise_if_crashed()
        clock.advance(BACKOFF_MAX_S)
        await asyncio.sleep(0)


def _one_outcome_each(rig: Rig, sent: int) -> None:
    for number in range(100, 100 + sent):
        assert len(set(rig.bodies_of(number))) == 1
        kept = rig.store.state.inbox[claim_id(number)].record
        assert kept.bodies[0] == rig.bodies_of(number)[0]
    assert len(rig.events) >= sent


def _sums_are_right(rig: Rig) -> None:
    held: defaultdict[str, int] = defaultdict(int)
    for consumer in rig.store.state.consumers.values():
        assert consumer.allocations, "who holds nothing has no row"
        for provider, by_class in consumer.allocations.items():
            held[provider] += by_class[VCPU]
    for row in rig.store.state.providers.values():
        assert row.inventories[VCPU].used == held[row.id] <= TOTAL
    for event in _told(rig):
        for levels in event["data"].get("providers", {}).values():
            assert all(0 <= one["used"] <= one["capacity"] for one in levels["inventories"].values())


def _told(rig: Rig) -> Iterator[dict[str, Any]]:
    """Each event once."""
    yield from {one.message_id: json.loads(one.body) for one in rig.broker.to("allocation.events")}.values()


def _generations_have_no_gap(rig: Rig) -> None:
    states: defaultdict[tuple[str, int], defaultdict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for event in _told(rig):
        data = event["data"]
        if event["type"] in {"claim.rejected", "provider.deleted"} or not data.get("changed", True):
            continue
        shown = data.get("providers") or {}
        about = data["provider"] if isinstance(data.get("provider"), dict) else data
        if "incarnation" in about:
            shown = {about["provider"]: about}
        for provider, one in shown.items():
            state = states[provider, one["incarnation"]][one["generation"]]
            state |= {json.dumps(one["inventories"])} if "inventories" in one else set()
    for by_generation in states.values():
        assert sorted(by_generation) == list(range(len(by_generation)))
        assert all(len(told) <= 1 for told in by_generation.values()), "two states under one generation"
    for row in rig.store.state.providers.values():
        assert max(states[row.id, row.row]) == row.generation
