"""The policy file: what it gives, and what is said of one that is wrong."""

import os
from pathlib import Path

import pytest

from worker.policy import ABOUT_PROJECTS, OPS, PARTLY_ABOUT_PROJECTS, InvalidPolicy, Policy, load_policy

EXAMPLE = """
on_behalf = ["operator"]

[[allow]]
users = ["nova", "billing-*"]
ops = ["allocation.*", "claims.batch", "provider.reshape"]
projects = ["blue", "team-*"]

[[allow]]
users = ["inventory"]
ops = ["provider*", "inventory.*"]

[[allow]]
anonymous = true
ops = ["provider.get"]
"""


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "policy.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def loaded(folder: Path, text: str) -> Policy:
    return load_policy(written(folder, text))


def sentence(path: Path) -> str:
    """What is said of a wrong file: one line that names it."""
    with pytest.raises(InvalidPolicy) as caught:
        load_policy(path)
    said = str(caught.value)
    assert said.startswith(f"The access policy {path} ")
    assert said.endswith(".")
    assert said.isprintable()
    return said.removeprefix(f"The access policy {path} ")


def rule(**keys: str) -> str:
    """A policy of one good rule with these keys, as TOML, in place of its own; an empty one is left out."""
    whole = {"users": '["nova"]', "ops": '["allocation.set"]', **keys}
    return "[[allow]]\n" + "\n".join(f"{key} = {value}" for key, value in whole.items() if value)


def test_a_rule_gives_its_ops_to_its_users_for_its_projects(tmp_path: Path) -> None:
    policy = loaded(tmp_path, EXAMPLE)
    for user in ("nova", "billing-1", "billing-"):
        permit = policy.permissions(user, "allocation.place")
        assert [permit.covers(project) for project in ("blue", "team-a", "Blue", "red")] == [True, True, False, False]
    assert not policy.permissions("Nova", "allocation.place").granted
    assert not policy.permissions("nova2", "allocation.place").granted
    assert policy.speakers == {"operator"}


def test_a_rule_without_projects_is_good_for_all(tmp_path: Path) -> None:
    permit = loaded(tmp_path, EXAMPLE).permissions("inventory", "provider.declare")
    assert (permit.granted, permit.projects) == (True, None)


def test_who_is_not_known_by_name_may_do_what_a_rule_says_of_them_alone(tmp_path: Path) -> None:
    permit = loaded(tmp_path, EXAMPLE).permissions
    assert permit(None, "provider.get").granted
    assert not permit(None, "allocation.set").granted
    assert not permit("nova", "provider.get").granted


def test_a_rule_with_projects_gives_only_what_they_limit(tmp_path: Path) -> None:
    permit = loaded(tmp_path, rule(ops='["*"]', projects='["blue"]')).permissions
    given = {op for op in OPS if permit("nova", op).granted}
    assert given == ABOUT_PROJECTS
    assert all(permit("nova", op).covers("red") is False for op in OPS)


def test_what_projects_limit_in_part_is_given_by_name_alone(tmp_path: Path) -> None:
    (op,) = PARTLY_ABOUT_PROJECTS
    wide = loaded(tmp_path, rule(ops='["provider*", "claims.batch"]', projects="")).permissions
    assert wide("nova", op).projects is None
    named = loaded(tmp_path, EXAMPLE).permissions("nova", op)
    assert (named.covers("blue"), named.covers("red")) == (True, False)


def test_what_is_said_to_be_limited_by_project_is_an_op() -> None:
    assert ABOUT_PROJECTS | PARTLY_ABOUT_PROJECTS < OPS


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is wrong: allow is missing."),
        ("allow = []", "is wrong: allow must not be empty."),
        (f"{rule()}\n[[deny]]\n", "is wrong: deny is no key of it."),
        (f'{rule()}\n"a\\nb" = 1', r"is wrong: allow[0].'a\nb' is no key of it."),
        (
            rule(users=f'["{"x" * 256}"]'),
            "is wrong: allow[0].users[0] is not right: string should have at most 255 characters.",
        ),
        (rule(user='"nova"'), "is wrong: allow[0].user is no key of it."),
        (rule(users=""), "is wrong: allow[0] is for nobody: it needs users, or anonymous = true."),
        (rule(users="[]"), "is wrong: allow[0].users must not be empty."),
        (rule(users='["nova", "no*va"]'), "is wrong: allow[0].users[1] may have a * at its end alone."),
        (rule(users='["nova", "nova"]'), "is wrong: allow[0].users has 'nova' twice."),
        (rule(users='[""]'), "is wrong: allow[0].users[0] must not be empty."),
        (rule(users="[7]"), "is wrong: allow[0].users[0] must be text."),
        (rule(users='"nova"'), "is wrong: allow[0].users must be a list."),
        (rule(users='["cafe\\u0301"]'), "is wrong: allow[0].users[0] must be in Unicode's form NFC."),
        (rule(users='["a\\u001b"]'), "is wrong: allow[0].users[0] must not have control characters."),
        (rule(anonymous="1"), "is wrong: allow[0].anonymous must be true or false."),
        (rule(ops=""), "is wrong: allow[0].ops is missing."),
        (rule(ops='["allocation.sett"]'), "is wrong: allow[0].ops[0] is no op of a claim or query."),
        (rule(ops='["allocation.set", "b*"]'), "is wrong: allow[0].ops[1] is the beginning of no op."),
        (rule(ops='["Allocation.set"]'), "is wrong: allow[0].ops[0] is no op of a claim or query."),
        (
            rule(ops='["provider.create"]', projects='["blue"]'),
            "is wrong: allow[0] has projects, but 'provider.create' is about none; "
            "put it into a rule without projects.",
        ),
        (rule(projects='["bl*ue"]'), "is wrong: allow[0].projects[0] may have a * at its end alone."),
        (f'on_behalf = ["op*"]\n{rule()}', "is wrong: on_behalf[0] must be the name of one user."),
        ("allow = [", "is no TOML: invalid value (at end of document)."),
    ],
)
def test_what_is_wrong_is_told_in_one_sentence_with_its_key(tmp_path: Path, text: str, said: str) -> None:
    assert sentence(written(tmp_path, text)) == said


def test_the_second_of_two_rules_is_told_by_its_number(tmp_path: Path) -> None:
    text = f"{rule()}\n{rule(ops='[]')}"
    assert sentence(written(tmp_path, text)).startswith("is wrong: allow[1].ops ")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert sentence(tmp_path / "nowhere") == "cannot be read: FileNotFoundError."
    assert sentence(tmp_path) == "cannot be read: IsADirectoryError."
    assert sentence(written(tmp_path, b"\xff")) == "cannot be read: UnicodeDecodeError."


def test_a_file_that_everybody_can_write_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, EXAMPLE)
    path.chmod(0o646)
    assert sentence(path) == "can be written by everybody; chmod o-w it."


def test_a_file_without_end_is_refused(tmp_path: Path) -> None:
    assert sentence(written(tmp_path, b"#" * (1 << 20) + b"\n")) == "is larger than 1048576 bytes."


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    assert sentence(path) == "is no file."


def test_nesting_without_end_is_told(tmp_path: Path) -> None:
    assert sentence(written(tmp_path, "allow = " + "[" * 100_000)).startswith("is no TOML: ")
    assert sentence(written(tmp_path, "allow = " + "9" * 5_000)).startswith("is no TOML: ")
