"""Reading a trace: what is in it, and where it is wrong."""

from pathlib import Path

import pytest

from worker.cli.endings import WrongUse
from worker.cli.workload.amounts import Amounts
from worker.cli.workload.moments import Turn, moments
from worker.cli.workload.trace import NUMBER_MAX, read_nodes, read_tasks

REAL = Path(__file__).parents[4] / "shared/data/gpu-cluster-2023"
NODES = "sn,cpu_milli,memory_mib,gpu,model\n"
TASKS = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,creation_time,deletion_time\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "trace.csv"
    path.write_text(text)
    return path


def test_nodes_keep_their_order_and_count_gpus_in_thousandths(tmp_path: Path) -> None:
    one, other = read_nodes(written(tmp_path, NODES + "b,32000,1024,0,\na,8000,512,2,T4\n"))
    assert (one.name, one.total, one.model) == ("b", Amounts(32_000, 1_024, 0), "")
    assert (other.name, other.total, other.model) == ("a", Amounts(8_000, 512, 2_000), "T4")


def test_columns_may_stand_in_any_order_beside_others(tmp_path: Path) -> None:
    (node,) = read_nodes(written(tmp_path, "model,rack,gpu,sn,memory_mib,cpu_milli\nT4,r1,1,a,512,8000\n"))
    assert node.total == Amounts(8_000, 512, 1_000)


def test_tasks_are_sorted_by_creation_and_want_shares_or_whole_gpus(tmp_path: Path) -> None:
    text = TASKS + "late,1000,10,1,460,T4|G2,20,30\nearly,2000,20,8,1000,,10,\n"
    early, late = read_tasks(written(tmp_path, text))
    assert (early.task.wants, early.task.models, early.went_at) == (Amounts(2_000, 20, 8_000), frozenset(), None)
    assert (late.task.wants, late.task.models) == (Amounts(1_000, 10, 460), frozenset({"T4", "G2"}))
    assert [(task.gpus, task.share) for task in (early.task, late.task)] == [(8, 1_000), (1, 460)]


def test_a_limit_takes_the_earliest(tmp_path: Path) -> None:
    text = TASKS + "late,1000,10,0,0,,20,30\nearly,2000,20,0,0,,10,15\n"
    assert [traced.task.name for traced in read_tasks(written(tmp_path, text), limit=1)] == ["early"]


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("a,x,10,0,0,,1,2", "line 2, column cpu_milli: must be a whole number from 0 to 2147483647, not 'x'."),
        ("a,-1,10,0,0,,1,2", "line 2, column cpu_milli: must be a whole number"),
        ("a,1,10,1,1001,,1,2", "line 2, column gpu_milli: must be a whole number from 0 to 1000, not '1001'."),
        ("a,1,10,64,1000,,1,2", "line 2, column num_gpu: must be a whole number from 0 to 63, not '64'."),
        ("a,1,10,1,0,,1,2", "line 2, column gpu_milli: must be 1 to 1000 where a GPU is asked for."),
        ("a,1,10", "line 2, column creation_time: is missing."),
        (",1,10,0,0,,1,2", "line 2, column name: must have 1 to 190 characters."),
        ("a,0,0,0,0,,1,2", "line 2, column cpu_milli: and all other amounts are 0, which is no claim."),
        ("a,1,1,0,0,,5,2", "line 2, column deletion_time: is 2, before the creation at 5."),
        ("a,1,1,0,0,,1,2\na,1,1,0,0,,1,2", "line 3, column name: 'a' stands in an earlier line, too."),
        (
            "a,1,10,0,0,," + "9" * 5_000 + ",2",
            f"line 2, column creation_time: must be a whole number from 0 to {NUMBER_MAX}, not '{'9' * 40}'.",
        ),
        ("a\x00,1,10,0,0,,1,2", "line 2, column name: must not have a NUL in it."),
    ],
)
def test_a_wrong_task_is_told_by_file_line_and_column(tmp_path: Path, row: str, complaint: str) -> None:
    path = written(tmp_path, TASKS + row + "\n")
    with pytest.raises(WrongUse) as caught:
        read_tasks(path)
    assert str(caught.value).startswith(f"{path}, {complaint}")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("sn,cpu_milli\na,1\n", ", line 1: there is no column memory_mib."),
        ("", ", line 1: there is no column sn."),
        (NODES, ": there are no machines in it."),
        (NODES + "a,1,1,1,\n", ", line 2, column model: is empty though the machine has GPUs."),
    ],
)
def test_a_wrong_file_of_nodes_is_told(tmp_path: Path, text: str, complaint: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(WrongUse) as caught:
        read_nodes(path)
    assert str(caught.value) == f"{path}{complaint}"


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    path = tmp_path / "nodes.csv"
    path.write_bytes(NODES.encode() + b"\xff\xfe,1,1,0,\n")
    with pytest.raises(WrongUse, match="this is no CSV in UTF-8"):
        read_nodes(path)


def test_those_who_go_make_room_for_those_who_come(tmp_path: Path) -> None:
    text = TASKS + "a,1,1,0,0,,1,5\nb,1,1,0,0,,5,5\nc,1,1,0,0,,5,\n"
    turns = [(moment.traced.task.name, moment.turn) for moment in moments(read_tasks(written(tmp_path, text)))]
    assert turns == [
        ("a", Turn.CAME),
        ("a", Turn.WENT),
        ("b", Turn.CAME),
        ("c", Turn.CAME),
        ("b", Turn.WENT_AT_ONCE),
    ]


def test_nobody_goes_where_all_are_to_stay(tmp_path: Path) -> None:
    tasks = read_tasks(written(tmp_path, TASKS + "a,1,1,0,0,,1,5\nb,1,1,0,0,,2,2\n"))
    assert [moment.turn for moment in moments(tasks, stay=True)] == [Turn.CAME, Turn.CAME]


@pytest.mark.skipif(not REAL.exists(), reason=f"the real trace is not at {REAL}")
def test_the_real_trace_is_read_whole() -> None:
    tasks = read_tasks(REAL / "pods_gpuspec33.csv")
    assert (len(read_nodes(REAL / "nodes.csv")), len(tasks)) == (1_523, 8_152)
    assert sum(bool(traced.task.models) for traced in tasks) == 2_388
    assert len(moments(tasks)) == 2 * 8_152
