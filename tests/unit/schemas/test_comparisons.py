"""What looks alike is not the same: numbers and flags, spellings of an id, names that a person cannot tell apart."""

from typing import Any

import pytest

from schemas.allocation_claims import AllocationSet
from schemas.decode import fingerprint, read_object, validate
from tests.builders import claim_id, consumer_id, provider_id

OP = "allocation.set"


def claim(amount: object = 1, *, generation: object = 0, **consumer: object) -> dict[str, Any]:
    return {
        "op": OP,
        "claim_id": claim_id(1),
        "consumer": {"id": consumer_id(1), "project": "blue", "user": "ann", "generation": generation, **consumer},
        "allocations": {provider_id(1): {"VCPU": amount}},
    }


def path_of(claim: dict[str, Any], routing_key: str = OP) -> tuple[str | int, ...]:
    """Where the one thing is that is wrong with it."""
    found = validate(claim, routing_key)
    assert isinstance(found, tuple)
    (violation,) = found
    return violation.path


@pytest.mark.parametrize("near", [True, "1", 1.0, [1], None, "\u0661"])
def test_an_amount_is_a_whole_number_and_nothing_that_equals_one(near: object) -> None:
    assert path_of(claim(near)) == ("allocations", provider_id(1), "VCPU")
    assert isinstance(validate(claim(1), OP), AllocationSet)


@pytest.mark.parametrize("near", [False, "0", 0.0])
def test_a_generation_is_a_whole_number_and_nothing_that_equals_one(near: object) -> None:
    assert path_of(claim(generation=near)) == ("consumer", "generation")


@pytest.mark.parametrize("spelled", ["{%s}", "urn:uuid:%s", "%s\n", " %s", "%s\u200b"])
def test_an_id_has_the_spellings_of_the_contract_and_no_other(spelled: str) -> None:
    assert path_of(claim(id=spelled % consumer_id(1))) == ("consumer", "id")


@pytest.mark.parametrize("near", ["Allocation.set", "allocation.set ", "allocation\u2024set", "allocation.\u017fet"])
def test_an_op_is_that_op_to_the_letter(near: str) -> None:
    assert path_of({**claim(), "op": near}, near) == ("op",)


@pytest.mark.parametrize("near", ["Blue", "blue ", "blu\u0435", "\uff42lue", "blue\u0301"])
def test_a_project_is_kept_to_the_letter(near: str) -> None:
    model = validate(claim(project=near), OP)
    assert isinstance(model, AllocationSet)
    assert model.consumer.project == near


def test_bodies_that_differ_in_a_letter_or_the_kind_of_a_number_are_two() -> None:
    bodies = [b'{"a":1}', b'{"a":1.0}', b'{"a":"1"}', b'{"a":true}', b'{"a":[1]}', b'{"A":1}', b'{"a":1.00}']
    assert len({fingerprint(read_object(body)) for body in bodies}) == len(bodies)
