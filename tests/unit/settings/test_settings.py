"""Reading settings from the environment."""

import traceback
from pathlib import Path

import pytest

from worker.settings import BrokerSettings, InvalidSettings, Role, Settings, load

DATABASE = "postgresql://worker:hidden-d@db/allocation"
BROKER = "amqp://worker:hidden-b@broker/"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("ALLOCATION_DATABASE_URL", DATABASE)
    monkeypatch.setenv("ALLOCATION_BROKER_URL", BROKER)
    return monkeypatch


def sentence(**given: object) -> str:
    with pytest.raises(InvalidSettings) as caught:
        load(Settings, **given)
    shown = "".join(traceback.format_exception(caught.value))
    assert "hidden" not in shown
    return str(caught.value)


def test_the_two_urls_are_enough(environment: pytest.MonkeyPatch) -> None:
    settings = load(Settings)
    assert settings.database_url.get_secret_value() == "postgresql+asyncpg://worker:hidden-d@db/allocation"
    assert settings.broker_url.get_secret_value() == BROKER
    assert (settings.role, settings.batch_size_max, settings.prefetch) == (Role.BOTH, 1024, 3072)


def test_secrets_are_never_shown(environment: pytest.MonkeyPatch) -> None:
    settings = load(Settings)
    assert "hidden" not in f"{settings!r} {settings} {settings.model_dump_json()}"


def test_settings_do_not_change(environment: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="frozen"):
        load(Settings).__setattr__("prefix", "other")


def test_prefetch_follows_the_batch_size_unless_it_is_set(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ALLOCATION_BATCH_SIZE_MAX", "10")
    assert load(Settings).prefetch == 30
    environment.setenv("ALLOCATION_PREFETCH", "11")
    assert load(Settings).prefetch == 11


def test_reply_queues_follow_the_prefix(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ALLOCATION_PREFIX", "east.one")
    pattern = load(Settings).reply_to_pattern
    assert pattern.match("amq.gen-1")
    assert pattern.match("east.one.replies.1")
    assert not pattern.match("eastXone.replies.1")
    assert not pattern.match("allocation.claims")


def test_flags_win_over_the_environment_unless_they_are_absent(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ALLOCATION_ROLE", "claims")
    assert load(Settings, role=None).role is Role.CLAIMS
    assert load(Settings, role="queries").role is Role.QUERIES


def test_an_empty_variable_is_as_good_as_none(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ALLOCATION_PREFIX", "")
    assert load(Settings).prefix == "allocation"


def test_a_variable_that_is_missing_is_named(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("ALLOCATION_BROKER_URL")
    assert sentence() == "ALLOCATION_BROKER_URL is not set."


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("BATCH_SIZE_MAX", "0", "greater than or equal to 1"),
        ("PREFETCH", "many", "valid integer"),
        ("ROLE", "cook", "'claims', 'queries' or 'both'"),
        ("REPLY_TO_PATTERN", "(", "regular expression"),
        ("DATABASE_URL", "mysql://u:hidden@h/", "must begin with postgresql://"),
        ("BROKER_URL", "http://u:hidden@h/", "must begin with amqp:// or amqps://"),
        ("PREFIX", "a b", "match pattern"),
        ("HTTP_PORT", "70000", "less than or equal to 65535"),
        ("REPLY_TO_PATTERN", "(", "must be a regular expression"),
        ("REPLY_TO_PATTERN", "a{99999999999999999999}", "must be a regular expression"),
        ("REPLY_TO_PATTERN", "(" * 3_000, "must be a regular expression"),
    ],
)
def test_a_wrong_value_is_one_sentence_that_names_the_variable(
    environment: pytest.MonkeyPatch, name: str, value: str, part: str
) -> None:
    environment.setenv(f"ALLOCATION_{name}", value)
    said = sentence()
    assert said.startswith(f"ALLOCATION_{name} is wrong: ")
    assert part in said
    assert "\n" not in said


def test_a_lock_must_not_outwait_its_statement(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ALLOCATION_LOCK_TIMEOUT_MS", "10000")
    assert sentence() == "ALLOCATION_LOCK_TIMEOUT_MS must be below ALLOCATION_STATEMENT_TIMEOUT_MS."


def test_probes_must_not_come_closer(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ALLOCATION_PROBE_BACKOFF_MAX_MS", "50")
    assert sentence().startswith("ALLOCATION_PROBE_BACKOFF_MIN_MS must not be above")


def test_a_secret_may_come_from_a_file(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "broker"
    secret.write_text(f"{BROKER}vhost\n")
    environment.delenv("ALLOCATION_BROKER_URL")
    environment.setenv("ALLOCATION_BROKER_URL_FILE", str(secret))
    assert load(Settings).broker_url.get_secret_value() == f"{BROKER}vhost"


def test_a_secret_file_that_is_not_there_is_named(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.delenv("ALLOCATION_BROKER_URL")
    environment.setenv("ALLOCATION_BROKER_URL_FILE", str(tmp_path / "nowhere"))
    assert sentence().startswith("ALLOCATION_BROKER_URL_FILE cannot be read: FileNotFoundError")


def test_a_secret_set_twice_is_refused(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("ALLOCATION_BROKER_URL_FILE", str(tmp_path))
    assert sentence() == "ALLOCATION_BROKER_URL and ALLOCATION_BROKER_URL_FILE are both set; set one of them."


def test_a_part_asks_for_no_more_than_it_needs(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("ALLOCATION_DATABASE_URL")
    assert load(BrokerSettings).prefix == "allocation"
