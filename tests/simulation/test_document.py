"""What docs/simulation.md lists is what there is."""

import re

from tests.simulation.kinds import Kind
from tests.simulation.mutants import MUTANTS
from tests.simulation.weather import STEPS
from tests.unit.docs.papers import tables

WEATHER, KILLED, CAUGHT = range(3)


def test_the_document_lists_every_kind_of_weather_and_how_often_it_came() -> None:
    rows = tables("docs/simulation.md")[WEATHER]
    assert [kind for kind, _, _ in rows] == [kind.value for kind in Kind]
    assert all(re.fullmatch(r"[1-9][\d,]*", times) for _, _, times in rows)


def test_the_document_lists_every_step_at_which_workers_are_killed() -> None:
    assert [step.strip("`") for step, _, _ in tables("docs/simulation.md")[KILLED]] == list(STEPS)


def test_the_document_lists_every_mutant() -> None:
    assert [mutant for mutant, _ in tables("docs/simulation.md")[CAUGHT]] == list(MUTANTS)
