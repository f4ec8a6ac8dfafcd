"""Reads a cluster's trace: machines and tasks as CSV with a header, in any order of columns."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from schemas.amounts import GROUPS_MAX
from worker.cli.endings import WrongUse
from worker.cli.workload.amounts import WHOLE_GPU, Amounts, Machine, Task, id_of

NODE_COLUMNS: Final = ("sn", "cpu_milli", "memory_mib", "gpu", "model")
TASK_COLUMNS: Final = (
    "name",
    "cpu_milli",
    "memory_mib",
    "num_gpu",
    "gpu_milli",
    "gpu_spec",
    "creation_time",
    "deletion_time",
)
# What one number of a claim may be; and more GPUs than any machine has.
NUMBER_MAX: Final = 2_147_483_647
GPUS_MAX: Final = 1_000
# More than any number has; Python refuses to read one of thousands of digits.
DIGITS_MAX: Final = 20
# Of what stands there in place of a number.
SHOWN_MAX: Final = 40
# Each GPU of a task is a group of its request, beside the one for the rest.
TASK_GPUS_MAX: Final = GROUPS_MAX - 1
# A provider's name has 200 characters at most, and a GPU's is its machine's and a number.
NAME_MAX: Final = 190


@dataclass(frozen=True, slots=True)
class Traced:
    """A task with the moments, in seconds, at which it came and went; None: it stayed."""

    task: Task
    came_at: int
    went_at: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """A row with its place in the file, for complaints."""

    path: Path
    number: int
    fields: Mapping[str, str | None]

    def text(self, column: str) -> str:
        value = self.fields.get(column)
        if value is None:
            raise self.wrong(column, "is missing")
        return value.strip()

    def name(self, column: str) -> str:
        value = self.text(column)
        if not 1 <= len(value) <= NAME_MAX:
            raise self.wrong(column, f"must have 1 to {NAME_MAX} characters")
        if "\x00" in value:
            raise self.wrong(column, "must not have a NUL in it")
        return value

    def number_of(self, column: str, most: int = NUMBER_MAX) -> int:
        value = self.text(column)
        if not (value.isascii() and value.isdigit() and len(value) <= DIGITS_MAX and int(value) <= most):
            raise self.wrong(column, f"must be a whole number from 0 to {most}, not '{value[:SHOWN_MAX]}'")
        return int(value)

    def wrong(self, column: str, why: str) -> WrongUse:
        return WrongUse(f"{self.path}, line {self.number}, column {column}: {why}.")


def read_nodes(path: Path) -> list[Machine]:
    """The machines in the order of the file. Raises WrongUse, naming file, line and column."""
    machines: list[Machine] = []
    seen: set[str] = set()
    for line in _lines(path, NODE_COLUMNS):
        name = _new(line, "sn", seen)
        gpus = line.number_of("gpu", GPUS_MAX)
        total = Amounts(line.number_of("cpu_milli"), line.number_of("memory_mib"), gpus * WHOLE_GPU)
        model = line.text("model")
        if gpus and not model:
            raise line.wrong("model", "is empty though the machine has GPUs")
        machines.append(Machine(id_of("node", name), name, total, model if gpus else ""))
    if not machines:
        raise WrongUse(f"{path}: there are no machines in it.")
    return machines


def read_tasks(path: Path, limit: int | None = None) -> list[Traced]:
    """The first `limit` tasks by creation time, then by order of the file. Raises WrongUse, naming the place."""
    tasks: list[Traced] = []
    seen: set[str] = set()
    for line in _lines(path, TASK_COLUMNS):
        name = _new(line, "name", seen)
        came_at = line.number_of("creation_time")
        went_at = line.number_of("deletion_time") if line.text("deletion_time") else None
        if went_at is not None and went_at < came_at:
            raise line.wrong("deletion_time", f"is {went_at}, before the creation at {came_at}")
        models = frozenset(model.strip() for model in line.text("gpu_spec").split("|") if model.strip())
        task = Task(id_of("task", name), name, _wants(line), models, max(1, line.number_of("num_gpu", TASK_GPUS_MAX)))
        tasks.append(Traced(task, came_at, went_at))
    return sorted(tasks, key=lambda traced: traced.came_at)[:limit]


def _wants(line: Line) -> Amounts:
    gpus = line.number_of("num_gpu", TASK_GPUS_MAX)
    share = line.number_of("gpu_milli", WHOLE_GPU)
    if gpus and not share:
        raise line.wrong("gpu_milli", "must be 1 to 1000 where a GPU is asked for")
    wants = Amounts(line.number_of("cpu_milli"), line.number_of("memory_mib"), gpus * share)
    if not any(wants):
        raise line.wrong("cpu_milli", "and all other amounts are 0, which is no claim")
    return wants


def _new(line: Line, column: str, seen: set[str]) -> str:
    name = line.name(column)
    if name in seen:
        raise line.wrong(column, f"'{name}' stands in an earlier line, too")
    seen.add(name)
    return name


def _lines(path: Path, columns: tuple[str, ...]) -> Iterator[Line]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        try:
            missing = [column for column in columns if column not in (reader.fieldnames or ())]
            if missing:
                raise WrongUse(f"{path}, line 1: there is no column {missing[0]}.")
            for fields in reader:
                yield Line(path, reader.line_num, fields)
        except (csv.Error, UnicodeDecodeError) as error:
            raise WrongUse(f"{path}, line {reader.line_num + 1}: this is no CSV in UTF-8: {error}.") from None
