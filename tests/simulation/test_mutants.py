"""Each worker with one broken part is noticed, for what is broken, where a sound one gets through."""

import re
from collections.abc import Iterator

import pytest

from tests.simulation.mutants import MUTANTS, Mutant
from tests.simulation.world import simulate

SEEDS = 300


@pytest.mark.parametrize("name", MUTANTS)
def test_each_mutant_is_caught_for_what_it_does_and_a_sound_worker_passes_its_seed(name: str) -> None:
    mutant = MUTANTS[name]
    caught = next(_catches(mutant), None)
    assert caught is not None, f"{name}: nothing was found in {SEEDS} seeds"
    assert simulate(caught, mutant.sound, mutant.weather).report.findings == []


def _catches(mutant: Mutant) -> Iterator[int]:
    """Seeds in which it is found out."""
    for seed in range(SEEDS):
        findings = simulate(seed, mutant.parts, mutant.weather).report.findings
        if any(re.search(mutant.seen_as, what) for what in findings):
            yield seed


@pytest.mark.parametrize("name", [name for name, mutant in MUTANTS.items() if mutant.weather])
def test_a_sound_worker_gets_through_the_weather_that_a_mutant_is_caught_in(name: str) -> None:
    for seed in range(20):
        assert simulate(seed, MUTANTS[name].sound, MUTANTS[name].weather).report.findings == []
