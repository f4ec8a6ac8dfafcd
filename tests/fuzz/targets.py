"""What is fed with bytes: each either lives through all of them or raises, which is a find."""

from collections.abc import Callable, Mapping
from typing import Final

from tests.fuzz.arriving import check_delivery, delivered
from tests.fuzz.models import check_claim, check_event, check_query, check_told
from tests.fuzz.readers import check_policy, check_settings, check_trace, check_words
from tests.fuzz.shown import check_answer, check_letter, check_log

Target = Callable[[bytes], None]


def check_whole_delivery(raw: bytes) -> None:
    """A message with its properties, as the broker hands it over."""
    delivery = delivered(raw)
    if delivery is not None:
        check_delivery(delivery)


TARGETS: Final[Mapping[str, Target]] = {
    "delivery": check_whole_delivery,
    "claim": check_claim,
    "query": check_query,
    "event": check_event,
    "told": check_told,
    "letter": check_letter,
    "answer": check_answer,
    "log": check_log,
    "trace": check_trace,
    "policy": check_policy,
    "settings": check_settings,
    "words": check_words,
}
