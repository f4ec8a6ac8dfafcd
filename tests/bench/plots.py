"""The two plots of the report, out of the figures that are kept as JSON."""

from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.bench.sweeps import BATCH_SIZE_DEFAULT

Curve = Mapping[str, Mapping[str, list[float]]]

BATCHES: Final = "batches.svg"
FLEETS: Final = "fleets.svg"
MICROSECONDS: Final = 1e6
# The same figures give the same files.
STYLE: Final[Any] = {"svg.hashsalt": "benchmark", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
COLOURS: Final = ("#1f5f99", "#c05a1c")


def draw(folder: Path, curves: Mapping[str, Curve]) -> None:
    """Both, as SVG."""
    with mpl.rc_context(STYLE):
        _saved(_batches(curves["batch_size"]), folder / BATCHES)
        _saved(_fleets(curves["named_by_fleet"], curves["place_by_fleet"]), folder / FLEETS)


def _batches(curve: Curve) -> Figure:
    figure = Figure(figsize=(6, 3), layout="constrained")
    axes = figure.subplots()
    _line(axes, curve, "one worker", 0, lambda point: point["claims_a_second"])
    axes.set(xlabel="claims in a batch, at most", ylabel="claims a second", ylim=(0, None))
    _steps(axes, {int(at): at for at in curve} | {BATCH_SIZE_DEFAULT: f"{BATCH_SIZE_DEFAULT}\n(default)"}, base=2)
    return figure


def _fleets(named: Curve, place: Curve) -> Figure:
    figure = Figure(figsize=(7.5, 3), layout="constrained")
    cost, memory = figure.subplots(1, 2)
    for number, (name, curve) in enumerate({"provider named": named, "provider found": place}.items()):
        _line(cost, curve, name, number, _cost)
        _line(memory, curve, name, number, lambda point: point["worker_mib"])
    cost.set(xlabel="providers", ylabel="microseconds a claim", ylim=(0, None))
    memory.set(xlabel="providers", ylabel="memory of the worker, MiB", ylim=(0, None))
    for axes in (cost, memory):
        _steps(axes, {int(at): f"{int(at):,}" for at in named}, base=10)
    memory.legend(frameon=False, loc="lower right")
    return figure


def _cost(point: Mapping[str, list[float]]) -> list[float]:
    return [MICROSECONDS / rate for rate in point["claims_a_second"]]


def _line(axes: Axes, curve: Curve, name: str, number: int, of: Any) -> None:
    """The median of the repetitions at each point, with a bar from the least to the largest."""
    measured = {int(at): of(point) for at, point in curve.items()}
    middles = {at: median(values) for at, values in measured.items()}
    below = [middles[at] - min(values) for at, values in measured.items()]
    above = [max(values) - middles[at] for at, values in measured.items()]
    axes.errorbar(
        [*middles],
        [*middles.values()],
        yerr=[below, above],
        label=name,
        color=COLOURS[number],
        marker="o",
        markersize=4,
        capsize=2,
    )


def _steps(axes: Axes, labels: Mapping[int, str], base: int) -> None:
    """A scale on which each step is a multiple of the last, with the points measured named."""
    axes.set_xscale("log", base=base)
    axes.set_xticks([*labels], [*labels.values()], fontsize=8)
    axes.minorticks_off()
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)


def _saved(figure: Figure, file: Path) -> None:
    figure.savefig(file, metadata={"Date": None})
