"""The worker's metrics."""

import pytest

from worker.telemetry import Link, Stage, Telemetry


def lines(telemetry: Telemetry) -> set[str]:
    return set(telemetry.exposition().decode().splitlines())


def test_claims_are_counted_by_op_and_outcome() -> None:
    telemetry = Telemetry()
    granted, refused = ("allocation.set", "allocation.granted"), ("allocation.set", "capacity_exceeded")
    telemetry.decided([granted, refused, granted])
    assert 'allocation_claims_total{op="allocation.set",outcome="allocation.granted"} 2.0' in lines(telemetry)
    assert 'allocation_claims_total{op="allocation.set",outcome="capacity_exceeded"} 1.0' in lines(telemetry)


def test_a_batch_falls_into_the_bucket_of_its_size() -> None:
    telemetry = Telemetry()
    telemetry.batched(200)
    assert 'allocation_batch_claims_bucket{le="128.0"} 0.0' in lines(telemetry)
    assert 'allocation_batch_claims_bucket{le="256.0"} 1.0' in lines(telemetry)


def test_a_stage_left_by_an_error_is_timed_as_well() -> None:
    telemetry = Telemetry()
    with pytest.raises(ConnectionError), telemetry.time_in(Stage.WRITE):
        raise ConnectionError
    assert 'allocation_stage_seconds_count{stage="write"} 1.0' in lines(telemetry)


def test_every_stage_and_connection_is_there_from_the_start() -> None:
    shown = lines(Telemetry())
    assert {f'allocation_stage_seconds_count{{stage="{stage}"}} 0.0' for stage in Stage} <= shown
    assert {f'allocation_connected{{connection="{link}"}} 0.0' for link in Link} <= shown


def test_a_connection_is_one_while_it_stands() -> None:
    telemetry = Telemetry()
    telemetry.connected(Link.DATABASE, True)
    assert 'allocation_connected{connection="database"} 1.0' in lines(telemetry)
    telemetry.connected(Link.DATABASE, False)
    assert 'allocation_connected{connection="database"} 0.0' in lines(telemetry)


def test_the_plain_counters_count() -> None:
    telemetry = Telemetry()
    telemetry.parked("no_claim_id")
    telemetry.answered("provider.get", "ok")
    for counter in (telemetry.conflicts, telemetry.carried, telemetry.redelivered, telemetry.replies_failed):
        counter.inc()
    telemetry.in_flight.set(3)
    assert {
        'allocation_parked_total{reason="no_claim_id"} 1.0',
        'allocation_queries_total{op="provider.get",outcome="ok"} 1.0',
        "allocation_conflicts_total 1.0",
        "allocation_carried_total 1.0",
        "allocation_redelivered_total 1.0",
        "allocation_replies_failed_total 1.0",
        "allocation_in_flight 3.0",
    } <= lines(telemetry)


def test_two_workers_in_one_interpreter_count_apart() -> None:
    one, other = Telemetry(), Telemetry()
    one.conflicts.inc()
    assert "allocation_conflicts_total 0.0" in lines(other)
