"""Servers of another Debian release: asked for by name, told plainly where they cannot be had.

That the servers of a tree start, and that the worker holds its promises on them, is what `make versions` shows.
"""

import os
import subprocess
from pathlib import Path

import pytest

from deploy.local import StackFault, local_stack
from deploy.local.programs import find_programs
from deploy.local.tree import VARIABLE, Tree, chosen_tree, tree_of

ROOT_ALONE = pytest.mark.skipif(os.geteuid() != 0, reason="only root can enter a tree")


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where trees are looked for, with one of `sapling` in it, which is chosen."""
    monkeypatch.setattr("deploy.local.tree.TREES", tmp_path)
    monkeypatch.setenv(VARIABLE, "sapling")
    root = tmp_path / "sapling"
    (root / "tmp").mkdir(parents=True)
    return root


def test_without_a_release_there_is_no_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert chosen_tree() is None


@pytest.mark.parametrize("name", ["../trixie", "trixie/..", "", "-x", "Trixie"])
def test_what_cannot_be_a_release_is_refused(name: str) -> None:
    with pytest.raises(StackFault, match="is no release of Debian"):
        tree_of(name)


@ROOT_ALONE
def test_a_tree_that_was_not_made_is_told_with_the_command_that_makes_it(
    planted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "absent")
    with pytest.raises(StackFault, match=r"python -m deploy\.local tree absent"), local_stack():
        pass
    assert list(planted.parent.iterdir()) == [planted]


@ROOT_ALONE
def test_a_tree_without_servers_is_told(planted: Path) -> None:
    with pytest.raises(StackFault, match=f"remove {planted} and make it again"):
        find_programs(postgres=True, rabbit=False)


@ROOT_ALONE
def test_the_programs_of_a_tree_are_named_as_they_are_inside(planted: Path) -> None:
    (planted / "usr/lib/postgresql/99/bin").mkdir(parents=True)
    found = find_programs(postgres=True, rabbit=False)
    assert (found.postgres, found.rabbit) == (Path("/usr/lib/postgresql/99/bin"), None)


@ROOT_ALONE
@pytest.mark.usefixtures("planted")
def test_servers_of_a_tree_take_no_folder_outside_of_it(tmp_path: Path) -> None:
    (tmp_path / "sapling/usr/lib/postgresql/99/bin").mkdir(parents=True)
    with pytest.raises(StackFault, match="give them none"), local_stack(tmp_path / "kept", rabbit=False):
        pass


def test_an_ordinary_user_cannot_enter_a_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "trixie")
    monkeypatch.setattr(os, "geteuid", lambda: 1_000)
    with pytest.raises(StackFault, match="only root can enter"):
        chosen_tree()


@ROOT_ALONE
def test_a_command_in_a_tree_has_that_tree_as_its_root_and_is_no_longer_root(tmp_path: Path) -> None:
    # the machine's own root will do for a tree
    tree = Tree("own", Path("/"))
    done = subprocess.run(  # noqa: S603 - our own command
        tree.enter(["sh", "-c", "pwd; id -u; id -G"], "/usr", 65534, 1), capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["/usr", "65534", "1"]
