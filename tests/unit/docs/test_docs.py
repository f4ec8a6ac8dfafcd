"""What the documents name is there: paths, verbs, flags, settings, metrics, ops, events, codes, tests."""

import json
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from typer.main import get_command

from deploy.local.tree import VARIABLE as RELEASE
from schemas.batch import BATCH_OP, EVENTS_NAME
from schemas.claims import CLAIM_BY_OP
from schemas.cloudevents import encode
from schemas.codes import Code
from schemas.decode import validate
from schemas.events import EVENT_BY_TYPE, read_exact_event
from schemas.explanation import Explanation
from schemas.queries import QUERY_BY_OP
from tests.unit.docs.papers import PAPERS, ROOT, SPAN, blocks, found, spans, tables, text
from worker.cli.verbs import VERBS
from worker.rabbit.topology import Names
from worker.settings import PREFIX, SECRETS, Settings
from worker.telemetry import Telemetry

PATH = re.compile(r"(?<![\w/.*-])((?:worker|schemas|deploy|docs|tests|\.ci)/[\w./*-]*[\w/*])")
FILE = re.compile(r"(?<![\w/*-])([\w.-]+\.(?:md|lock|toml))\b")
NOT_OURS = ("--upgrade-package", "--help", "--report")
SOURCES = ("worker", "schemas", "tests", "deploy")


def every_source() -> Iterator[str]:
    """The text of every module."""
    for folder in SOURCES:
        for path in (ROOT / folder).rglob("*.py"):
            if path.parent.name != "docs":
                yield path.read_text("utf-8")


def commands() -> dict[str, Any]:
    """Verb to its command, with the verbs below it as `verb below`."""
    whole: dict[str, Any] = {}
    for verb in VERBS:
        command = whole[verb] = get_command(import_module(f"worker.cli.{verb}").app)
        whole |= {f"{verb} {name}": below for name, below in getattr(command, "commands", {}).items()}
    return whole


@pytest.mark.parametrize("paper", PAPERS)
def test_every_path_exists(paper: str) -> None:
    named = {*PATH.findall(text(paper)), *FILE.findall(" ".join(spans(paper)))}
    assert named or paper == "CHANGELOG.md"
    assert [path for path in sorted(named) if not any(ROOT.glob(path.rstrip("/")))] == []


def test_every_make_verb_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = found(r"\bmake ([a-z]+)")
    assert {"demo", "test", "up", "run", "down"} <= named
    assert named - targets == set()


def test_every_verb_of_the_command_line_exists() -> None:
    whole = commands()
    named = found(r"(?:allocation-worker|-m worker) ([a-z]+)")
    below = found(r"(?:^|allocation-worker |-m worker )((?:topology|dead|schemas) [a-z]+)")
    assert set(VERBS) <= named | {words.split()[0] for words in below} | set(spans("CHANGELOG.md"))
    assert (named | below) - whole.keys() == set()


def test_every_flag_exists() -> None:
    flags = {flag for command in commands().values() for part in command.params for flag in part.opts}
    flags |= {flag for command in commands().values() for part in command.params for flag in part.secondary_opts}
    assert found(r"(?<![\w-])(--[a-z-]+)", "README.md") - flags - set(NOT_OURS) == set()


def test_every_setting_exists() -> None:
    fields = {PREFIX + field.upper() for field in Settings.model_fields}
    files = {f"{PREFIX}{field.upper()}_FILE" for field in SECRETS}
    servers = {f"{PREFIX}TEST_{field.upper()}" for field in SECRETS}
    named = {name for paper in PAPERS for name in re.findall(rf"\b{PREFIX}[A-Z_]+\b", text(paper))}
    assert named - fields - files - servers - {RELEASE} == set()


def test_the_readme_names_every_metric_and_no_other() -> None:
    types = re.findall(r"^# TYPE (\w+) ", Telemetry().exposition().decode(), re.MULTILINE)
    rows = re.findall(r"^\| (`allocation_.*?) \|", text("README.md"), re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(allocation_\w+)", row)}
    assert named == {name for name in types if not name.endswith("_created")}


@pytest.mark.parametrize("paper", PAPERS)
def test_every_dotted_name_is_an_op_an_event_a_query_or_a_queue(paper: str) -> None:
    names = Names()
    keys = {*CLAIM_BY_OP, BATCH_OP, *EVENT_BY_TYPE, EVENTS_NAME, *QUERY_BY_OP}
    real = keys | {names.claims, names.events, names.dead, names.queries}
    named = {span for span in spans(paper) if re.fullmatch(r"[a-z_]+\.[a-z_]+", span)}
    here = {name for name in named if (ROOT / name).exists() or (ROOT / f"{name.replace('.', '/')}.py").exists()}
    assert named - real - here == set()


def test_the_readme_names_every_op() -> None:
    assert {*CLAIM_BY_OP, BATCH_OP} - set(spans("README.md")) == set()


def test_the_readme_says_of_every_code_whether_it_may_pass() -> None:
    pattern = r"Rejections that may pass \(`transient`\): (.*?)\. Rejections that stay: (.*?)\. Codes are"
    match = re.search(pattern, text("README.md").replace("\n", " "))
    assert match is not None
    passing, staying = (re.findall(r"`(\w+)`", names) for names in match.groups())
    assert passing == [code.value for code in Code if code.transient]
    assert staying == [code.value for code in Code if not code.transient]


@pytest.mark.parametrize("paper", PAPERS)
def test_every_identifier_stands_in_the_code(paper: str) -> None:
    named = {span for span in spans(paper) if re.fullmatch(r"[a-z]+(?:_[a-z]+)+", span)}
    sources = "\n".join(every_source())
    assert {name for name in named if not re.search(rf"\b{name}\b|\b{name.removesuffix('_total')}\b", sources)} == set()


def test_every_rule_has_a_test_beside_it() -> None:
    tests = set(re.findall(r"^ *(?:async )?def (test_\w+)", "\n".join(every_source()), re.MULTILINE))
    rules = [row for table in tables("docs/rules.md") for row in table]
    assert len(rules) > 100
    shown = [(row[0], SPAN.findall(row[-1])) for row in rules]
    assert [rule for rule, named in shown if not named or not tests.issuperset(named)] == []


def test_every_loss_of_a_server_has_a_test_beside_it() -> None:
    tests = set(re.findall(r"^ *(?:async )?def (test_\w+)", "\n".join(every_source()), re.MULTILINE))
    rows = [row for table in tables("docs/high-availability.md") for row in table]
    assert len(rows) == len(re.findall(r"^\| .*`test_", text("docs/high-availability.md"), re.MULTILINE))
    assert [row[0] for row in rows if not tests.issuperset(SPAN.findall(row[-1]))] == []


def test_every_kind_of_bad_input_has_a_test_beside_it() -> None:
    tests = set(re.findall(r"^ *(?:async )?def (test_\w+)", "\n".join(every_source()), re.MULTILINE))
    rows = [row for table in tables("docs/bad-input.md") for row in table if len(row) == len(("what", "then", "test"))]
    kinds = [row for row in rows if row[-1] not in {"as above", "RabbitMQ"}]
    shown = [(row[0], [name for name in SPAN.findall(row[-1]) if name.startswith("test_")]) for row in kinds]
    assert len(shown) > 25
    assert [kind for kind, named in shown if not named or not tests.issuperset(named)] == []


def test_what_is_better_than_placement_has_all_its_rows() -> None:
    numbered = [table for table in tables("docs/rules.md") if table[0][0].isdigit()]
    assert [[int(row[0]) for row in table] for table in numbered] == [list(range(1, 18))]


def test_every_hazard_that_code_refers_to_is_told() -> None:
    referred = {number for source in every_source() for number in re.findall(r"\bhazard (\d+)\b", source)}
    assert referred == set(re.findall(r"^\| hazard (\d+) \|", text("ARCHITECTURE.md"), re.MULTILINE))


def test_the_messages_of_the_readme_are_of_the_published_shape() -> None:
    messages = [json.loads(block) for block in blocks("README.md", "json")]
    events = [encode(message) for message in messages if "specversion" in message]
    claims = [message for message in messages if "op" in message]
    explanations = [message for message in messages if "nearest" in message]
    assert [read_exact_event(event).type for event in events] == ["allocation.granted", "claim.rejected"]
    assert [type(validate(claim, claim["op"])).__name__ for claim in claims] == ["AllocationPlace"]
    assert len([Explanation.model_validate(one) for one in explanations]) == 1
    assert len(messages) == len(events) + len(claims) + len(explanations)
