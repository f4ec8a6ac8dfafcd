"""The report with its plots, how long a run will take, and which rows it has."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.bench.__main__ import ROWS, parser, rows_of
from tests.bench.arms import compared, needed
from tests.bench.figures import Line, Target
from tests.bench.paper import write
from tests.bench.plots import BATCHES, FLEETS
from tests.bench.rates import Rates
from tests.bench.size import QUICK, WHOLE, minutes
from tests.bench.sweeps import BY_BATCH_SIZE, NAMED_BY_FLEET, PLACE_BY_FLEET, SWEEPS, curves, swept

LINE = Line("1", "claims", "claims/s", (80.0, 90.0), "relay", (100.0, 100.0), Target("at least", 0.8), "a note")


def rates() -> Rates:
    """Two repetitions of all that the plots show."""
    made = Rates()
    for by in (BY_BATCH_SIZE, NAMED_BY_FLEET, PLACE_BY_FLEET):
        for at, arm in by.items():
            made.of[arm], made.memory_mib[arm] = [1_000.0 + at, 1_100.0 + at], [100.0, 101.0]
    return made


def test_a_report_has_the_table_the_plots_and_the_figures_and_is_the_same_each_time(tmp_path: Path) -> None:
    figures = {"curves": curves(rates())}
    for folder in (tmp_path / "one", tmp_path / "two"):
        write(folder, {"machine": "this one"}, [LINE], figures)
    page = (tmp_path / "one" / "report.md").read_text()
    assert "| 1 | claims | 85 claims/s | 100 relay | 0.85 | ±6% of 2 | at least 0.8 | yes |" in page
    assert "- row 1: a note" in page
    for plot in (BATCHES, FLEETS):
        assert f"]({plot})" in page
        assert (tmp_path / "one" / plot).read_bytes() == (tmp_path / "two" / plot).read_bytes()
        assert ET.parse(tmp_path / "one" / plot).getroot().tag.endswith("svg")  # noqa: S314 - our own file
    assert json.loads((tmp_path / "one" / "figures.json").read_text())["curves"]["batch_size"].keys() == {
        str(size) for size in BY_BATCH_SIZE
    }


def test_the_lines_of_the_plots_compare_each_size_with_the_usual_one() -> None:
    lines = swept(SWEEPS)
    assert {line.arm for line in lines} | {line.floor for line in lines} == set(rates().of)
    assert swept({"1"}) == []


@pytest.mark.parametrize(
    ("arguments", "rows"),
    [
        ([], {*ROWS} - {"2"}),
        (["--placement"], {*ROWS}),
        (["--row", "2"], {"2"}),
        (["--row", "1", "--placement"], {"1", "2"}),
        (["--report", "there"], {*ROWS, *SWEEPS} - {"2"}),
    ],
)
def test_all_rows_are_measured_unless_told_but_the_peer_only_if_told(arguments: list[str], rows: set[str]) -> None:
    assert rows_of(parser().parse_args(arguments)) == rows


def test_a_run_of_all_rows_is_of_bounded_length_and_a_quick_one_shorter() -> None:
    whole, quick = (
        minutes(ROWS, size, needed([*compared(ROWS, quick=size.quick), *swept(SWEEPS)])) for size in (WHOLE, QUICK)
    )
    assert quick < whole / 2
    assert whole < 30
    assert minutes({"10"}, QUICK, []) < 1
