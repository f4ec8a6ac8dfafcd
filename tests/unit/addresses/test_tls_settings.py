"""Files of authorities, as settings: what is wrong with them ends a program at its start."""

from pathlib import Path

import pytest

from worker.addresses import broker_tls, database_tls
from worker.settings import InvalidSettings, Settings, load


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, authorities: Path) -> pytest.MonkeyPatch:
    monkeypatch.setenv("ALLOCATION_DATABASE_URL", "postgresql://u:hidden@db/allocation")
    monkeypatch.setenv("ALLOCATION_BROKER_URL", "amqps://u:hidden@broker/")
    for server in ("DATABASE", "BROKER"):
        monkeypatch.setenv(f"ALLOCATION_{server}_CA_FILE", str(authorities))
    return monkeypatch


def test_authorities_that_are_set_go_into_both_addresses(environment: pytest.MonkeyPatch, authorities: Path) -> None:
    settings = load(Settings)
    asked = broker_tls(settings.broker_url.get_secret_value()), database_tls(settings.database_url.get_secret_value())
    assert [tls.ca_file for tls in asked if tls] == [authorities, authorities]


@pytest.mark.parametrize("server", ["BROKER", "DATABASE"])
def test_a_file_of_authorities_that_is_none_is_named_with_its_variable(
    environment: pytest.MonkeyPatch, server: str, tmp_path: Path
) -> None:
    for name in ("nowhere", ""):
        environment.setenv(f"ALLOCATION_{server}_CA_FILE", str(tmp_path / name))
        with pytest.raises(InvalidSettings) as caught:
            load(Settings)
        assert str(caught.value).startswith(f"ALLOCATION_{server}_CA_FILE is wrong: {tmp_path / name} has no certif")
        assert "hidden" not in str(caught.value)


def test_authorities_for_a_broker_without_tls_are_a_mistake(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ALLOCATION_BROKER_URL", "amqp://u:hidden@broker/")
    with pytest.raises(InvalidSettings) as caught:
        load(Settings)
    told = "ALLOCATION_BROKER_URL is wrong: must begin with amqps://, since ALLOCATION_BROKER_CA_FILE is set."
    assert str(caught.value) == told
