"""What holds where nobody has set anything."""

import pytest

from worker.settings import PREFIX, Settings, load


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """As they are where only the two addresses are given."""
    for field in Settings.model_fields:
        monkeypatch.delenv(PREFIX + field.upper(), raising=False)
    return load(Settings, database_url="postgresql://host/name", broker_url="amqp://host/")


def test_health_and_metrics_are_served_to_one_s_own_machine_alone(settings: Settings) -> None:
    assert settings.http_host == "127.0.0.1"


def test_nothing_is_made_on_a_broker_unless_asked_for(settings: Settings) -> None:
    assert (settings.declare_topology, settings.history, settings.events_in_bulk) == (False, False, False)


def test_every_wait_has_an_end(settings: Settings) -> None:
    waits = {name: value for name, value in settings if name.endswith(("_ms", "_s"))}
    assert len(waits) >= 8
    assert all(0 < value <= 3_600_000 for value in waits.values())
