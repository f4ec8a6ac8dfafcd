"""Two engines that place on one nearly full fleet: never too much, and nobody refused for whom there is room."""

import asyncio
from collections import defaultdict

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import VCPU, provider_id
from tests.component.bodies import Body, declare, place
from tests.component.rig import Rig
from worker.faults import Conflict, LockTimeout

PROVIDERS = (1, 2, 3, 4)
TOTAL = 6

asked = st.lists(
    st.tuples(st.integers(1, 6), st.sampled_from(["first", "pack", "spread", "random"])), min_size=1, max_size=14
)
faults = st.lists(
    st.tuples(
        st.sampled_from(["keep_fresh", "read", "refresh", "lock", "write", "commit"]),
        st.sampled_from([Conflict("40001"), LockTimeout("55P03")]),
    ),
    max_size=4,
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(asked, faults, st.integers(1, 4), st.integers(1, 4))
def test_nobody_is_refused_for_whom_there_is_room_when_all_is_in(
    sizes: list[tuple[int, str]], broken: list[tuple[str, Exception]], first: int, second: int
) -> None:
    asyncio.run(_scenario(sizes, broken, first, second))


async def _scenario(
    sizes: list[tuple[int, str]], broken: list[tuple[str, Exception]], first_batch: int, second_batch: int
) -> None:
    seeding = Rig()
    await seeding.run(*(declare(number, number, TOTAL) for number in PROVIDERS))
    first = Rig(seeding, batch_size_max=first_batch)
    second = Rig(seeding, batch_size_max=second_batch)
    for step, error in broken:
        first.store.fail_next(step, type(error)(*error.args), after_effect=step == "commit")
    claims: dict[int, Body] = {
        number: place(number, number, {"VCPU": size}, strategy=strategy)
        for number, (size, strategy) in enumerate(sizes, 100)
    }
    async with first.working(), second.working():
        first.send(*claims.values())
        await first.settled()
    _sums_are_right(first)
    roomiest = TOTAL - min(first.used(number) for number in PROVIDERS)
    for number, (size, _) in enumerate(sizes, 100):
        assert first.code(number) in {"allocation.granted", "no_candidates"}
        assert first.code(number) == "allocation.granted" or size > roomiest


def _sums_are_right(rig: Rig) -> None:
    held: defaultdict[str, int] = defaultdict(int)
    for consumer in rig.store.state.consumers.values():
        for provider, by_class in consumer.allocations.items():
            held[provider] += by_class[VCPU]
    for number in PROVIDERS:
        assert rig.used(number) == held[provider_id(number)] <= TOTAL
