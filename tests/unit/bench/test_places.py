"""The claims for which the worker finds providers."""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import pytest

from schemas.cloudevents import encode
from schemas.decode import parse, validate
from tests.bench.places import SHAPES, flat_distinct, flat_request, flat_shapes, tree_shapes, zipf

Claims = Callable[[int], Iterator[dict[str, Any]]]


@pytest.mark.parametrize("claims", [flat_shapes, flat_distinct, tree_shapes])
def test_claims_are_what_the_contract_allows_and_the_same_requests_each_time(claims: Claims) -> None:
    first, again = list(claims(100)), list(claims(100))
    assert not any(isinstance(validate(parse(encode(claim)), claim["op"]), tuple) for claim in first)
    assert [claim["request"] for claim in first] == [claim["request"] for claim in again]
    assert len({claim["claim_id"] for claim in (*first, *again)}) == 200


def test_few_shapes_come_as_often_as_zipf_has_it() -> None:
    seen = Counter(encode(request) for request in islice(zipf(flat_request), 20_000))
    counts = sorted(seen.values(), reverse=True)
    assert len(counts) == SHAPES
    assert counts[0] / counts[1] == pytest.approx(2, rel=0.1)
    assert counts[0] / counts[9] == pytest.approx(10, rel=0.2)


def test_distinct_claims_hardly_ever_ask_the_same_twice() -> None:
    assert len({encode(claim["request"]) for claim in flat_distinct(5_000)}) > 4_990
