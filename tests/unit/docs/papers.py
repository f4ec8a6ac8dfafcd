"""The documents as text, and what is code in them."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAPERS = (
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/rules.md",
    "docs/bad-input.md",
    "docs/security.md",
    "docs/tls.md",
    "docs/support.md",
    "docs/high-availability.md",
    "docs/chaos.md",
    "docs/capacity.md",
)
FENCED = re.compile(r"^```\w*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+)`")


def text(paper: str) -> str:
    """The whole document."""
    return (ROOT / paper).read_text("utf-8")


def blocks(paper: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text(paper), re.DOTALL | re.MULTILINE)


def spans(paper: str) -> list[str]:
    """What stands between backticks in running text."""
    return SPAN.findall(FENCED.sub("", text(paper)))


def tables(paper: str) -> list[list[list[str]]]:
    """The cells of each table, row by row, without its head."""
    found = re.findall(r"^\|.*\n\|[-|]+\n((?:\|.*\n?)+)", text(paper), re.MULTILINE)
    return [[row.strip("| ").split(" | ") for row in table.splitlines()] for table in found]


def code(paper: str) -> list[str]:
    """Lines of fenced blocks without comments, and spans."""
    lines = [line.partition(" #")[0] for block in FENCED.findall(text(paper)) for line in block.splitlines()]
    return [line for line in lines if not line.startswith("#")] + spans(paper)


def found(pattern: str, *papers: str) -> set[str]:
    """All first groups of `pattern` in the code of the papers (all unless told)."""
    return {match for paper in papers or PAPERS for line in code(paper) for match in re.findall(pattern, line)}
