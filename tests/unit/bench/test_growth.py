"""The long run: what it claims, and how its figures are told."""

from dataclasses import replace

from tests.bench.growth import mixed
from tests.bench.growth_report import Point, page
from tests.bench.tables import Table

MIB = 1_024**2
PROVIDERS = Table("providers", 2 * MIB, MIB, 1_000, 10, 400, 300, 1, 1)
INBOX = Table("inbox", 5 * MIB, MIB, 2_000, 0, 0, 0, 0, 0)


def test_releases_are_of_the_oldest_that_hold_something_and_so_many_stay() -> None:
    claims = list(mixed(1_000, held=50))
    taken = [claim["consumer"]["id"] for claim in claims if claim["op"] == "allocation.set"]
    released = [claim["consumer"]["id"] for claim in claims if claim["op"] == "allocation.release"]
    assert released == taken[: len(released)]
    assert 50 <= len(taken) - len(released) <= 51
    assert len({claim["claim_id"] for claim in claims}) == 1_000


def test_a_page_compares_the_end_with_the_first_tenth_and_with_half_way() -> None:
    grown = replace(INBOX, table_bytes=6 * MIB)
    wide = replace(PROVIDERS, index_bytes=4 * MIB, updated=1_400, updated_hot=1_290)
    points = [
        Point(0, 0.0, 0.0, 100.0, (PROVIDERS, INBOX)),
        Point(500, 1.0, 400.0, 110.0, (PROVIDERS, INBOX)),
        Point(1_000, 2.0, 300.0, 121.0, (wide, grown)),
        Point(1_000, 2.0, 0.0, 0.0, (wide, grown)),
    ]
    told = page({"machine": "this one"}, points)
    assert "- machine: this one" in told
    assert "0.75 of it" in told
    assert "1.10 times as much" in told
    assert f"grew by {4 * MIB / 1_000:,.0f} bytes a claim" in told
    assert "| providers | 2.0 -> 2.0 | 1.0 -> 4.0 | 1,000 -> 1,000 | 10 | 1,000 | 99.0% | 0 | 0 |" in told
