"""The README's table of settings: every variable with the default that it has."""

import re
from pathlib import Path

import pytest

from worker.settings import PREFIX, SECRETS, Settings, load

README = Path(__file__).parents[3] / "README.md"
ROW = re.compile(rf"^\| `({PREFIX}\w+)` \| (.+?) \| (\w*) \| (.+) \|$", re.MULTILINE)
UNITS = {"MS": "milliseconds", "S": "seconds", "DAYS": "days"}


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """As they are where only the two addresses are given."""
    for field in Settings.model_fields:
        monkeypatch.delenv(PREFIX + field.upper(), raising=False)
    return load(Settings, database_url="postgresql://host/name", broker_url="amqp://host/")


@pytest.fixture
def rows() -> dict[str, tuple[str, str, str]]:
    """Variable to (default, unit, reason)."""
    return {name: (default, unit, why) for name, default, unit, why in ROW.findall(README.read_text("utf-8"))}


def test_every_setting_stands_in_the_table_once_and_nothing_else(rows: dict[str, tuple[str, str, str]]) -> None:
    assert len(ROW.findall(README.read_text("utf-8"))) == len(rows)
    assert rows.keys() == {PREFIX + field.upper() for field in Settings.model_fields}


@pytest.mark.parametrize("field", Settings.model_fields)
def test_the_table_has_the_default(settings: Settings, rows: dict[str, tuple[str, str, str]], field: str) -> None:
    default, _, _ = rows[PREFIX + field.upper()]
    expected = "required" if field in SECRETS else f"`{_written(getattr(settings, field))}`"
    assert default.replace(r"\|", "|") == expected


@pytest.mark.parametrize("field", Settings.model_fields)
def test_the_unit_is_that_of_the_name(rows: dict[str, tuple[str, str, str]], field: str) -> None:
    _, unit, why = rows[PREFIX + field.upper()]
    last = field.upper().rpartition("_")[2]
    assert unit in {UNITS[last]} if last in UNITS else unit not in UNITS.values()
    assert why


def _written(value: object) -> str:
    """A value as one writes it in the environment."""
    match value:
        case bool():
            return str(value).lower()
        case re.Pattern():
            return str(value.pattern)
        case _:
            return str(value)
