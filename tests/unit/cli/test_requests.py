"""From flags to a request."""

import pytest

from worker.cli.compose import Fields, fields_from
from worker.cli.endings import WrongUse
from worker.cli.requests import Asked, request_from


@pytest.mark.parametrize(
    ("asked", "request_"),
    [
        (Asked(), {}),
        (Asked(resources=["VCPU=4,DISK_GB=9"]), {"groups": {"": {"resources": {"VCPU": 4, "DISK_GB": 9}}}}),
        (
            Asked(resources=["VCPU=4", "_a:PGPU=1", "DISK_GB=9"]),
            {"groups": {"": {"resources": {"VCPU": 4, "DISK_GB": 9}}, "_a": {"resources": {"PGPU": 1}}}},
        ),
        (
            Asked(require=["A", "B|C", "_a:D"]),
            {"groups": {"": {"required": ["A", ["B", "C"]]}, "_a": {"required": ["D"]}}},
        ),
        (Asked(forbid=["A", "_a:B"]), {"groups": {"": {"forbidden": ["A"]}, "_a": {"forbidden": ["B"]}}}),
        (Asked(policy="none", strategy="pack"), {"group_policy": "none", "strategy": "pack"}),
    ],
)  # fmt: skip
def test_flags_become_a_request(asked: Asked, request_: Fields) -> None:
    assert request_from(asked) == request_


@pytest.mark.parametrize("given", ["VCPU", "_a:VCPU", "_a:VCPU=x", "_a:", "a:VCPU"])
def test_amounts_that_are_none_are_refused(given: str) -> None:
    with pytest.raises(WrongUse, match="is not of the form CLASS=AMOUNT"):
        request_from(Asked(resources=[given]))


def test_pairs_come_into_what_flags_have_given_and_leave_it_as_it_was() -> None:
    given = {"request": request_from(Asked(resources=["VCPU=4"]))}
    fields = fields_from(["request.limit=3", "request.groups._a.resources.PGPU=1"], given)
    assert fields["request"] == {
        "groups": {"": {"resources": {"VCPU": 4}}, "_a": {"resources": {"PGPU": 1}}},
        "limit": 3,
    }
    assert given == {"request": request_from(Asked(resources=["VCPU=4"]))}
