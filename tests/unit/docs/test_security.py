"""What docs/security.md promises: every class is answered, every test that it names is there, its policy is one."""

import json
import re
from pathlib import Path

import pytest

from schemas.batch import BATCH_OP
from schemas.claims import CLAIM_BY_OP
from schemas.queries import QUERY_BY_OP
from tests.unit.docs.papers import SPAN, blocks, tables, text
from tests.unit.docs.test_docs import every_source
from worker.policy import ABOUT_PROJECTS, load_policy
from worker.rabbit.topology import Names

PAPER = "docs/security.md"
CLASSES = ["284", "435", "664", "682", "691", "693", "697", "703", "707", "710"]


def weaknesses() -> list[list[str]]:
    """The rows of the table of classes."""
    return next(table for table in tables(PAPER) if table[0][0].startswith("CWE-"))


def test_the_ten_classes_are_answered_in_order() -> None:
    numbers = [re.match(r"CWE-(\d+)", row[0]) for row in weaknesses()]
    assert list(dict.fromkeys(found.group(1) for found in numbers if found)) == CLASSES
    assert all(numbers)


def test_every_protection_has_a_test_beside_it() -> None:
    tests = set(re.findall(r"^ *(?:async )?def (test_\w+)", "\n".join(every_source()), re.MULTILINE))
    shown = [(row[1], SPAN.findall(row[2])) for row in weaknesses()]
    assert [what for what, named in shown if not named] == []
    assert sorted({name for _, named in shown for name in named} - tests) == []


def test_the_example_is_a_policy_that_gives_what_is_said_of_it(tmp_path: Path) -> None:
    (example,) = blocks(PAPER, "toml")
    path = tmp_path / "policy.toml"
    path.write_text(example)
    policy = load_policy(path)
    assert policy.speakers == {"allocation-worker", "operator"}
    placing = policy.permissions("nova", "allocation.place")
    assert [placing.covers(project) for project in ("blue", "team-x", "red")] == [True, True, False]
    assert policy.permissions("inventory", "provider.declare").projects is None
    assert not policy.permissions("nova", "allocation.list").granted
    assert policy.permissions(None, "trait.list").granted


def test_what_projects_limit_is_told_whole() -> None:
    row = next(row for table in tables(PAPER) for row in table if row[0] == "What do `projects` limit?")
    named = [name if not name.startswith(".") else f"allocation{name}" for name in SPAN.findall(row[1])]
    assert set(named) - {"ops"} == ABOUT_PROJECTS - {BATCH_OP}


def test_every_op_that_is_named_is_one() -> None:
    names = Names()
    known = {*CLAIM_BY_OP, *QUERY_BY_OP, BATCH_OP, names.claims, names.events, names.dead, names.queries}
    named = {span for span in SPAN.findall(text(PAPER)) if re.fullmatch(r"[a-z_]+\.[a-z_]+", span)}
    assert named - known == set()


@pytest.mark.parametrize("kind", ["permissions", "topic_permissions"])
def test_permissions_are_patterns_from_end_to_end_of_users_that_are_there(kind: str) -> None:
    (block,) = blocks(PAPER, "json")
    definitions = json.loads(block)
    users = {user["name"] for user in definitions["users"]}
    for one in definitions[kind]:
        assert one["user"] in users
        for right in ("configure", "write", "read"):
            pattern = one.get(right, "^$")
            assert pattern.startswith("^")
            re.compile(pattern)
