"""The command line without any server: help, wrong use, settings that are missing."""

import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from worker.cli.verbs import VERBS, app

# Port 1 of the loopback is nobody's: connecting is refused at once.
NOWHERE = {"ALLOCATION_BROKER_URL": "amqp://u:hidden@127.0.0.1:1/", "ALLOCATION_HTTP_PORT": "1"}
CONSUMER = str(UUID(int=5))


def ran(*words: str, environment: dict[str, str] | None = None, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, list(words), env=environment or NOWHERE, input=stdin, prog_name="allocation-worker")


def test_help_names_every_verb_and_the_first_steps() -> None:
    result = ran("--help")
    assert result.exit_code == 0
    assert all(f"│ {verb} " in result.stdout for verb in VERBS)
    assert "ALLOCATION_DATABASE_URL" in result.stdout


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str) -> None:
    result = ran(verb, "--help")
    assert result.exit_code == 0
    assert f"Usage: allocation-worker {verb}" in result.stdout


def test_the_module_is_the_command_line() -> None:
    done = subprocess.run([sys.executable, "-m", "worker", "schemas", "--help"], capture_output=True, check=True)
    assert b"Usage: allocation-worker schemas" in done.stdout


def test_an_unknown_verb_is_wrong_use() -> None:
    result = ran("frobnicate")
    assert result.exit_code == 2
    assert "No such command 'frobnicate'" in result.stderr


def test_a_missing_setting_is_one_sentence() -> None:
    result = ran("migrate", environment={"ALLOCATION_DATABASE_URL": ""})
    assert result.exit_code == 1
    assert result.stderr == "Error: ALLOCATION_DATABASE_URL is not set.\n"


def test_no_broker_is_one_sentence_without_the_password() -> None:
    result = ran("query", "resource_class.list")
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("Error: No connection to 127.0.0.1:1. ")
    assert "hidden" not in result.output


def test_a_claim_with_mistakes_is_told_all_of_them_and_not_sent() -> None:
    result = ran("claim", "allocation.set", "--consumer", "x", "--allocate", f"{CONSUMER}:VCPU=4")
    assert result.exit_code == 2
    assert [line.split(" breaks the rule ")[0] for line in result.stderr.splitlines()] == [
        "Error: consumer.id",
        "Error: consumer.project",
        "Error: consumer.user",
    ]


@pytest.mark.parametrize(
    ("claims", "words", "said"),
    [
        ([], [], "Error: This is no message: 0 claims, 1 to 256 are read."),
        (None, [], "Error: This is no message: claims is not a list."),
        ([{"op": "trait.ensure", "name": "CUSTOM_A"}], ["name=CUSTOM_B"], "Error: A message of several claims is sent"),
        (
            [{"op": "trait.ensure", "claim_id": CONSUMER, "name": "x"}, {"op": "no"}],
            [],
            f"Error: claim {CONSUMER}: name breaks the rule pattern",
        ),
    ],
)
def test_several_claims_with_mistakes_are_told_and_not_sent(claims: object, words: list[str], said: str) -> None:
    result = ran("claim", "-", *words, stdin=json.dumps({"op": "claims.batch", "claims": claims}))
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith(said)
    assert "No connection" not in result.stderr


def test_a_message_of_several_claims_gets_no_id_of_its_own() -> None:
    claims = [{"op": "trait.ensure", "claim_id": CONSUMER, "name": "CUSTOM_A"}]
    result = ran("claim", "-", stdin=json.dumps({"op": "claims.batch", "claims": claims}))
    assert result.stderr.splitlines()[0] == f"claim {CONSUMER}"
    assert "No connection to 127.0.0.1:1" in result.stderr


@pytest.mark.parametrize("words", [["query", "provider.list"], ["claim", "trait.ensure"]])
@pytest.mark.parametrize("pair", ["x=NaN", "x=1e400", ".".join("a" * 2_000) + "=1", 'x="\\ud800"'])
def test_what_no_message_can_hold_is_one_sentence(words: list[str], pair: str) -> None:
    result = ran(*words, pair)
    assert result.exit_code == 2, result.exception
    assert result.stderr.startswith("Error: This cannot be sent: ")


def test_a_claim_with_mistakes_is_sent_where_asked() -> None:
    result = ran("claim", "allocation.release", "--consumer", "x", "--no-check")
    assert result.exit_code == 1
    assert "No connection to 127.0.0.1:1" in result.stderr


def test_a_claim_without_an_id_is_given_one_and_told_it() -> None:
    result = ran("claim", "allocation.release", "--consumer", CONSUMER)
    word, claim_id = result.stderr.splitlines()[0].split()
    assert word == "claim"
    assert UUID(claim_id).version == 4


def test_a_claim_in_a_file_keeps_its_id(tmp_path: Path) -> None:
    file = tmp_path / "claim.json"
    claim = {"op": "allocation.release", "claim_id": CONSUMER, "consumer": {"id": CONSUMER}}
    file.write_text(json.dumps(claim))
    assert f"claim {CONSUMER}\n" in ran("claim", str(file)).stderr
    assert f"claim {CONSUMER}\n" in ran("claim", "-", stdin=json.dumps(claim)).stderr


def test_a_claim_that_is_no_json_is_wrong_use() -> None:
    result = ran("claim", "-", stdin="{")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: This is no message: ")


@pytest.mark.parametrize("words", [("claim", "no.such"), ("query", "no.such"), ("query", "provider.get", "provider")])
def test_what_makes_no_sense_is_wrong_use(words: tuple[str, ...]) -> None:
    result = ran(*words)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("allocation.sett", "did you mean allocation.set"),
        ("inventory.get", "it is a query: allocation-worker query inventory.get."),
        ("zzz", "the ops are provider.create, "),
    ],
)
def test_what_is_no_op_is_told_what_was_perhaps_meant(what: str, said: str) -> None:
    assert f"Error: '{what}' is neither an op nor a file; {said}" in ran("claim", what).stderr


def test_the_schemas_are_written(tmp_path: Path) -> None:
    result = ran("schemas", "export", str(tmp_path / "new"))
    assert result.exit_code == 0
    assert json.loads((tmp_path / "new" / "asyncapi.json").read_text())["asyncapi"].startswith("3.")
    assert list((tmp_path / "new" / "json").glob("*.schema.json"))


def test_schemas_do_not_go_where_a_file_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = ran("schemas", "export", str(tmp_path / "file"))
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")


class Answers(http.server.BaseHTTPRequestHandler):
    """Live but not ready."""

    def do_GET(self) -> None:
        live = self.path == "/live"
        self.send_response(200 if live else 503)
        self.end_headers()
        self.wfile.write(json.dumps({"ok": live, "reasons": [] if live else ["The broker is away."]}).encode())

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def listening() -> Iterator[dict[str, str]]:
    with http.server.HTTPServer(("127.0.0.1", 0), Answers) as server:
        turning = threading.Thread(target=server.serve_forever)
        turning.start()
        yield {"ALLOCATION_HTTP_PORT": str(server.server_port), "ALLOCATION_HTTP_HOST": "0.0.0.0"}  # noqa: S104 - asks
        server.shutdown()
        turning.join()


def test_health_is_good_when_the_worker_lives(listening: dict[str, str]) -> None:
    result = ran("health", environment=listening)
    assert (result.exit_code, result.stdout) == (0, "alive\n")


def test_health_says_why_the_worker_is_not_ready(listening: dict[str, str]) -> None:
    result = ran("health", "--ready", environment=listening)
    assert result.exit_code == 1
    assert result.stderr == "Error: The worker answered 503 to /ready: The broker is away.\n"


def test_health_is_bad_when_nobody_listens() -> None:
    result = ran("health")
    assert result.exit_code == 1
    assert result.stderr == "Error: No worker answers at 127.0.0.1:1 (Connection refused).\n"
