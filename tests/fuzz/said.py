"""What may stand in what the worker says about a message: no control characters, nothing without an end."""

import json
from typing import Any, NoReturn

SENTENCE_MAX = 12_000
"""Twenty names of 255 characters, each spelled out, and a sentence around them; a detail has a thousand."""
VALUE_MAX = 64 * 200 * 2
VIOLATIONS_MAX = 20


def assert_plain(text: str, most: int = SENTENCE_MAX) -> None:
    """One line that a terminal shows as it stands, of at most `most` characters."""
    assert text.isprintable(), f"not spelled out: {text[:300]!r}"
    assert len(text) <= most, f"{len(text)} characters: {text[:300]!r}"


def assert_plain_lines(text: str) -> None:
    """Lines that a terminal shows as they stand."""
    for line in text.split("\n"):
        assert_plain(line, len(line))


def assert_json_line(line: str) -> None:
    """One JSON object as any reader takes it, in ASCII."""
    assert_plain(line, len(line))
    assert line.isascii()
    assert isinstance(strictly(line), dict)


def strictly(text: str | bytes) -> Any:
    """What a reader that knows the standard alone makes of it; raises ValueError."""
    return json.loads(text, parse_constant=_no_constant)


def assert_told(violations: list[dict[str, Any]], parsed: Any) -> None:
    """Each says what and where: the place is there, or missing in what is there; the value is small and JSON."""
    assert 1 <= len(violations) <= VIOLATIONS_MAX
    for one in violations:
        assert one["rule"]
        assert _is_place(one["path"], parsed), one["path"]
        text = json.dumps(one, ensure_ascii=False, allow_nan=False)
        text.encode()
        assert "\x00" not in text
        assert len(json.dumps(one["value"], ensure_ascii=False)) <= VALUE_MAX


def _is_place(path: list[str | int], node: Any) -> bool:
    for key in path[:-1]:
        if isinstance(key, str) and isinstance(node, dict):
            if key not in node:
                return any(_may_be(key, one) for one in node)
            node = node[key]
        elif isinstance(key, int) and isinstance(node, list) and 0 <= key < len(node):
            node = node[key]
        else:
            return False
    return not path or isinstance(node, dict | list)


def _may_be(shown: str, key: str) -> bool:
    """Whether a key was shortened, or had in it what no database stores."""
    return len(key) > len(shown) or "\ufffd" in shown


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
