"""Many seeds through the real engine on a simulated world, and that a seed is a run."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.simulation.mutants import MUTANTS
from tests.simulation.shown import digest
from tests.simulation.weather import Weather
from tests.simulation.world import simulate

SEEDS = 200
PARTS = 4
SEEDS_FOR_MUTANTS = 300
WEATHER_FOR_MUTANTS = {"a batch behind one that failed is kept": Weather.of_losers()}
"""What takes three workers that meet on one row at one moment shows where little else goes wrong."""


@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_goes_wrong_nothing_is_lost_doubled_or_given_twice(part: int) -> None:
    totals: Counter[str] = Counter()
    for seed in range(part, SEEDS, PARTS):
        report = simulate(seed).report
        assert report.findings == [], f"make simulate ARGS='--seed {seed}'"
        totals.update(granted=report.granted, rejected=report.rejected, recovered=report.recovered)
    assert min(totals.values()) >= SEEDS / PARTS, "too little happened to show anything"


def test_a_seed_is_the_same_run_each_time() -> None:
    for seed in range(5):
        first, second = simulate(seed), simulate(seed)
        assert first.trace == second.trace
        assert first.report == second.report


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


@pytest.mark.parametrize("name", MUTANTS)
def test_each_mutant_is_caught(name: str) -> None:
    assert next(_catches(name), None) is not None


def _catches(name: str) -> Iterator[int]:
    for seed in range(SEEDS_FOR_MUTANTS):
        if simulate(seed, MUTANTS[name], WEATHER_FOR_MUTANTS.get(name)).report.findings:
            yield seed


def test_a_sound_worker_gets_through_the_weather_that_mutants_are_caught_in() -> None:
    for seed in range(20):
        assert simulate(seed, weather=Weather.of_losers()).report.findings == []
