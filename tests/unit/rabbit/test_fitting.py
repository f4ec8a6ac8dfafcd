"""The content header of a parked message fits into a frame, whatever it came with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from worker.messages import Outgoing
from worker.rabbit.fitting import DETAIL_CHARACTERS, DROPPED, FRAME_OVERHEAD
from worker.rabbit.headers import header_of
from worker.rabbit.properties import properties_of

FRAME_MAX = 131_072
OURS: dict[str, str | int] = {
    "x-parked-reason": "not_json",
    "x-parked-detail": "d" * 1_000,
    "x-parked-trace": "t" * 8_000,
    "x-parked-attempts": 1,
}


def parked(came: dict[str, str], frame_max: int = FRAME_MAX, ours: dict[str, str | int] | None = None) -> Outgoing:
    """A letter that came with headers `came`; its content header must fit into `frame_max`."""
    properties = Basic.Properties(headers=dict(came), correlation_id="c")
    letter = Outgoing("dead", "key", b"not json", headers=OURS if ours is None else ours, properties=properties)
    assert len(header_of(letter, "id", frame_max)) <= frame_max - FRAME_OVERHEAD
    return letter


def headers_of(letter: Outgoing, frame_max: int = FRAME_MAX) -> dict[str, object]:
    return dict(properties_of(letter, "id", frame_max).headers or {})


def test_what_fits_is_kept_whole() -> None:
    assert headers_of(parked({"a": "x" * 100_000})) == {"a": "x" * 100_000, **OURS}


def test_the_trace_goes_first() -> None:
    headers = headers_of(parked({"a": "x" * 125_000}))
    assert headers == {"a": "x" * 125_000, **{key: OURS[key] for key in OURS if key != "x-parked-trace"}}


def test_then_the_detail_is_cut() -> None:
    headers = headers_of(parked({"a": "x" * 130_000}))
    assert headers["x-parked-detail"] == "d" * DETAIL_CHARACTERS
    assert (len(str(headers["a"])), "x-parked-trace" in headers, DROPPED in headers) == (130_000, False, False)


def test_then_the_largest_headers_that_it_came_with_are_left_out_and_counted() -> None:
    came = {"small": "s", "large": "x" * 70_000, "larger": "x" * 90_000, "middle": "x" * 50_000}
    headers = headers_of(parked(came))
    assert headers.keys() == {"small", "large", "middle", DROPPED} | OURS.keys() - {"x-parked-trace"}
    assert headers[DROPPED] == 1


def test_a_letter_sent_back_fits_as_well_and_keeps_its_correlation_id() -> None:
    letter = parked({"a": "x" * 131_000, "x-parked-first-at": "then"}, ours={})
    assert headers_of(letter) == {"x-parked-first-at": "then", DROPPED: 1}
    assert properties_of(letter, "id", FRAME_MAX).correlation_id == "c"


def test_the_delivery_itself_is_not_changed() -> None:
    letter = parked({"a": "x" * 131_000})
    headers_of(letter)
    assert letter.properties is not None
    assert letter.properties.headers == {"a": "x" * 131_000}


@pytest.mark.parametrize("size", range(130_600, 131_072, 7))
def test_no_size_around_the_limit_is_too_large(size: int) -> None:
    parked({"a": "x" * (size // 2), "b": "x" * (size - size // 2)})


@given(
    st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=60), st.text(max_size=900), max_size=20),
    st.sampled_from([4_096, 8_192, FRAME_MAX]),
)
def test_any_headers_fit_into_any_frame(came: dict[str, str], frame_max: int) -> None:
    sendable = {key: value.encode("utf-8", "replace").decode() for key, value in came.items()}
    found = ContentHeader()
    found.unmarshal(header_of(parked(sendable, frame_max), "id", frame_max))
    assert (found.properties.headers or {}).get("x-parked-reason") == "not_json"
