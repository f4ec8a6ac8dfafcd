"""A cluster of brokers and a pair of databases: apart from all else that runs, and nothing left of them."""

from pathlib import Path

from deploy.local import Rabbit
from deploy.local.cluster import local_cluster
from deploy.local.standby import local_pair
from tests.deploy.test_stack import run_as_nobody

SEGMENTS = Path("/proc/sysvipc/shm")
LOSE_ONE = """
from deploy.local.standby import local_pair
with local_pair() as pair:
    pair.primary.sql("CREATE TABLE kept AS SELECT 42 AS number")
    pair.fail_over()
    print(pair.primary.sql("SELECT number FROM kept"))
"""


def _segments() -> set[str]:
    """The ids of all shared memory there is."""
    return {line.split()[1] for line in SEGMENTS.read_text("utf-8").splitlines()[1:]}


def test_a_pair_changes_places_again_and_again_and_leaves_nothing() -> None:
    with local_pair() as pair:
        folder = pair.primary.folder.parent
        pair.primary.sql("CREATE TABLE kept (number int)")
        for statement in ("INSERT INTO kept VALUES (1)", "INSERT INTO kept VALUES (2)"):
            pair.primary.sql(statement)
            pair.fail_over()
            pair.stand_by()
        assert pair.primary.sql("SELECT sum(number) FROM kept") == "3"
        locks = [member.folder / "postmaster.pid" for member in (pair.primary, pair.standby)]
        own = {lock.read_text("utf-8").splitlines()[6].split()[1] for lock in locks}
        assert own <= _segments()
        pair.primary.kill()
    assert not folder.exists()
    assert not own & _segments()


def test_nodes_of_a_cluster_know_each_other_and_nobody_else(rabbit_server: Rabbit) -> None:
    with local_cluster(size=2) as cluster:
        folder = cluster.nodes[0].folder.parent
        for node in cluster.nodes:
            known = node.ctl("eval", "lists:sort([node() | nodes()]).")
            assert known.split() == ["[allocation1@localhost,allocation2@localhost]"]
        assert "allocation1" not in rabbit_server.ctl("eval", "nodes().")
    assert not folder.exists()


def test_an_ordinary_user_may_have_a_pair(open_folder: Path) -> None:
    done = run_as_nobody(open_folder, LOSE_ONE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "42"
