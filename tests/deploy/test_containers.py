"""The container files: what the linters do not ask for."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from compose_spec import PyCompose

DEPLOY = Path("deploy")
DOCKERFILE = DEPLOY / "Dockerfile"
# A tag with a patch level: the same file builds the same image next year.
PINNED = re.compile(r"^[a-z-]+:\d+\.\d+(\.\d+)?(-[a-z]+)*$")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """The services of the compose file, read by an implementation of its specification."""
    compose = PyCompose.from_yaml((DEPLOY / "compose.yaml").read_text("utf-8"))
    compose.validate()
    found: dict[str, Any] = json.loads(compose.to_json())["services"]
    return found


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """The folder that is made."""
    shutil.copy(DEPLOY / "make-secrets", tmp_path)
    make_secrets(tmp_path)
    return tmp_path / "secrets"


def make_secrets(folder: Path) -> None:
    """As the compose file says, in `folder` instead of deploy/."""
    subprocess.run(["/bin/sh", folder / "make-secrets"], check=True, timeout=30)  # noqa: S603 - our own program


def instructions() -> list[tuple[str, str]]:
    """Instructions of the Dockerfile with continued lines joined."""
    text = DOCKERFILE.read_text("utf-8").replace("\\\n", " ")
    pairs = (line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#"))
    return [(name, rest) for name, rest in pairs]


def final_stage() -> list[tuple[str, str]]:
    """What makes the image that is shipped."""
    lines = instructions()
    last = max(index for index, (name, _) in enumerate(lines) if name == "FROM")
    return lines[last:]


def test_the_image_has_more_than_one_stage_and_pinned_bases() -> None:
    bases = [rest.split()[0] for name, rest in instructions() if name == "FROM"]
    assert len(bases) == 2
    assert all(PINNED.match(image) for image in bases)


def test_the_image_runs_as_an_ordinary_user_given_by_number() -> None:
    users = [rest for name, rest in final_stage() if name == "USER"]
    assert [user.split(":")[0] for user in users] == ["10001"]


def test_the_image_asks_the_worker_how_it_is() -> None:
    checks = [rest for name, rest in final_stage() if name == "HEALTHCHECK"]
    assert len(checks) == 1
    assert checks[0].endswith('CMD ["python", "-m", "worker", "health"]')


def test_the_image_installs_by_hash_alone() -> None:
    installs = [rest for name, rest in instructions() if name == "RUN" and "pip install" in rest]
    assert installs
    assert all("--require-hashes" in line for line in installs)


def test_everything_copied_into_the_image_is_let_through_to_the_builder() -> None:
    passed = {line[1:] for line in DOCKERFILE.with_suffix(".dockerignore").read_text("utf-8").split() if line[0] == "!"}
    copied = {rest.split()[0] for name, rest in instructions() if name == "COPY" and "--from" not in rest}
    assert copied == passed


def test_every_service_has_a_pinned_image(services: dict[str, Any]) -> None:
    assert set(services) == {"postgres", "rabbitmq", "migrate", "worker"}
    assert all(PINNED.match(service["image"]) for service in services.values())


def test_no_service_is_given_a_password_but_in_a_file(services: dict[str, Any]) -> None:
    assert "${" not in (DEPLOY / "compose.yaml").read_text("utf-8")
    variables = [name for service in services.values() for name in service.get("environment") or {}]
    named = [name for name in variables if re.search("PASS|URL|SECRET|KEY", name)]
    assert len(named) == 4
    assert all(name.endswith("_FILE") for name in named)


def test_secrets_are_made_once_for_the_containers_alone(secrets: Path) -> None:
    first = {path.name: path.read_text() for path in secrets.iterdir()}
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in secrets.iterdir()} == {0o444}
    make_secrets(secrets.parent)
    assert {path.name: path.read_text() for path in secrets.iterdir()} == first


def test_every_secret_that_a_service_is_given_is_made_and_fits(secrets: Path, services: dict[str, Any]) -> None:
    given = {
        str(one["source"] if isinstance(one, dict) else one)
        for each in services.values()
        for one in each.get("secrets") or ()
    }
    made = {path.name: path.read_text().strip() for path in secrets.iterdir()}
    assert given == set(made)
    broker_password = made["rabbitmq.conf"].rpartition(" = ")[2]
    assert made["database_url"] == f"postgresql://allocation:{made['postgres_password']}@postgres/allocation"
    assert made["broker_url"] == f"amqp://allocation:{broker_password}@rabbitmq/"
    assert len({made["postgres_password"], broker_password}) == 2
    assert len(broker_password) == 48


def test_the_worker_waits_for_healthy_servers_and_a_finished_migration(services: dict[str, Any]) -> None:
    waits = {name: wait["condition"] for name, wait in services["worker"]["depends_on"].items()}
    assert waits == {
        "postgres": "service_healthy",
        "rabbitmq": "service_healthy",
        "migrate": "service_completed_successfully",
    }
    assert all(services[name]["healthcheck"]["test"] for name in ("postgres", "rabbitmq"))


def test_every_file_that_the_broker_mounts_exists(services: dict[str, Any]) -> None:
    mounted = [str(volume).split(":")[0] for volume in services["rabbitmq"]["volumes"]]
    files = [DEPLOY / path for path in mounted if path.startswith("./")]
    assert len(files) == 3
    assert [path for path in files if not path.is_file()] == []
