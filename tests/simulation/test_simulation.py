"""Many seeds through the real engine on a simulated world, what befell them, and that a seed is a run."""

import os
import subprocess
import sys
from collections.abc import Sequence

import pytest

from schemas.claims import CLAIM_BY_OP
from tests.simulation.checker import ACCEPTED
from tests.simulation.kinds import Kind
from tests.simulation.shown import Totals, digest, spread
from tests.simulation.weather import STEPS
from tests.simulation.world import Run, simulate
from worker.telemetry import Log

SEEDS = 200
pytestmark = pytest.mark.timeout(600)
"""Seconds; the seeds take a dozen on two processors that have nothing else to do."""


@pytest.fixture(scope="module")
def runs() -> Sequence[Run]:
    with spread(range(SEEDS)) as found:
        return list(found)


@pytest.fixture(scope="module")
def totals(runs: Sequence[Run]) -> Totals:
    added = Totals()
    for run in runs:
        added.add(run)
    return added


def test_whatever_goes_wrong_nothing_is_lost_doubled_or_given_twice(runs: Sequence[Run]) -> None:
    failed = {f"make simulate ARGS='--seed {run.seed}'": run.report.findings for run in runs if run.report.findings}
    assert failed == {}


def test_every_kind_of_weather_befalls_the_seeds(totals: Totals) -> None:
    assert [kind for kind in Kind if not totals.happened[kind]] == []


def test_workers_are_killed_at_every_step_that_they_wait_for(totals: Totals) -> None:
    killed = {where.removeprefix("before ").removeprefix("after ") for where in totals.crashed_at}
    assert killed == set(STEPS)


def test_the_engine_does_all_that_it_does_against_weather(totals: Totals) -> None:
    steps = (Log.BATCH_CONFLICT, Log.BATCH_HALVED, Log.MESSAGE_PARKED, Log.OUTAGE_BEGAN, Log.OUTAGE_ENDED)
    assert [step for step in (*steps, Log.INBOX_SWEPT) if not totals.engine[step]] == []


def test_claims_of_every_op_are_made_and_every_outcome_of_them_comes(totals: Totals) -> None:
    assert {op for op in CLAIM_BY_OP if op not in ACCEPTED} == set()
    assert {kind for kinds in ACCEPTED.values() for kind in kinds} - totals.outcomes.keys() == set()
    assert totals.claims["granted"] > SEEDS
    assert totals.claims["rejected"] > SEEDS


def test_a_seed_is_the_same_run_each_time() -> None:
    for seed in range(5):
        first, second = simulate(seed), simulate(seed)
        assert first.trace == second.trace
        assert digest(first) == digest(second)


def test_a_seed_is_the_same_run_in_every_process() -> None:
    digests = {_elsewhere(hash_seed) for hash_seed in ("1", "2")}
    assert digests == {"".join(f"{seed} {digest(simulate(seed))}\n" for seed in range(3))}


def _elsewhere(hash_seed: str) -> str:
    command = [sys.executable, "-m", "tests.simulation", "--seeds", "3", "--digest"]
    env = {**os.environ, "PYTHONHASHSEED": hash_seed}
    return subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout  # noqa: S603 - our own


def test_the_program_tells_what_became_of_many_seeds() -> None:
    command = [sys.executable, "-m", "tests.simulation", "--seeds", "4", "--first", "3"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - our own
    assert told.startswith("4 seeds from 3 on")
    assert "lost 0  doubled 0" in told
    assert all(kind.value in told for kind in Kind)
