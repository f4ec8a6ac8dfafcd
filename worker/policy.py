"""The access policy: a TOML file that says who may do what, read once at start; docs/security.md has it by example.

Whatever is not understood is an error: a policy that is half obeyed is worse than none.
"""

import os
import stat
import tomllib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from schemas.batch import BATCH_OP
from schemas.claims import CLAIM_BY_OP
from schemas.queries import QUERY_BY_OP
from worker.placement.permissions import Names, Permissions, Rule, permissions

FILE_BYTES_MAX: Final = 1_048_576
RULES_MAX: Final = 1_000
NAMES_MAX: Final = 1_000
OPS: Final = frozenset({*CLAIM_BY_OP, *QUERY_BY_OP, BATCH_OP})
ABOUT_PROJECTS: Final = frozenset(
    {
        "allocation.set",
        "allocation.set_many",
        "allocation.adjust",
        "allocation.place",
        "allocation.release",
        "allocation.get",
        "usage.project",
        "claim.get",
        BATCH_OP,
    }
)
"""Ops that a rule with projects can limit to them; of a batch, the claims in it are limited, each by its own op."""
PARTLY_ABOUT_PROJECTS: Final = frozenset({"provider.reshape"})
"""Its consumers can be limited, its inventories cannot: a rule with projects gives it only where it names it."""

_SAID: Final = {
    "extra_forbidden": "is no key of it",
    "missing": "is missing",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
    "tuple_type": "must be a list",
    "string_type": "must be text",
    "bool_type": "must be true or false",
}
"""What is wrong, by pydantic's type of error, for those who write the file."""


class InvalidPolicy(ValueError):
    """The file cannot be read or says something wrong; the message is one sentence that names file and key."""


@dataclass(frozen=True, slots=True)
class Policy:
    """`speakers` are believed when they say on whose behalf they send."""

    permissions: Permissions
    speakers: frozenset[str] = frozenset()


def _name(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must not have control characters")
    if not unicodedata.is_normalized("NFC", text):
        raise ValueError("must be in Unicode's form NFC")
    return text


def _pattern(text: str) -> str:
    if "*" in text[:-1]:
        raise ValueError("may have a * at its end alone")
    return text


def _plain(text: str) -> str:
    if "*" in text:
        raise ValueError("must be the name of one user")
    return text


def _op_pattern(text: str) -> str:
    if not _ops([text], OPS):
        raise ValueError("is no op of a claim or query" if not text.endswith("*") else "is the beginning of no op")
    return text


def _known_once(texts: tuple[str, ...]) -> tuple[str, ...]:
    twice = next((text for at, text in enumerate(texts) if text in texts[:at]), None)
    if twice is not None:
        raise ValueError(f"has {twice!r} twice")
    return texts


_Text = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_name)]
_Pattern = Annotated[_Text, AfterValidator(_pattern)]
_Op = Annotated[_Pattern, AfterValidator(_op_pattern)]
_Speaker = Annotated[_Text, AfterValidator(_plain)]
_Some = Field(min_length=1, max_length=NAMES_MAX, strict=False)
_Once = AfterValidator(_known_once)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class _Allow(_Strict):
    """One rule. At least one user, or `anonymous`; ops; projects, or all of them."""

    users: Annotated[tuple[_Pattern, ...], _Some, _Once] | None = None
    anonymous: bool = False
    ops: Annotated[tuple[_Op, ...], _Some, _Once]
    projects: Annotated[tuple[_Pattern, ...], _Some, _Once] | None = None

    @model_validator(mode="after")
    def _is_for_somebody_and_something(self) -> Self:
        if self.users is None and not self.anonymous:
            raise ValueError("is for nobody: it needs users, or anonymous = true")
        if self.projects is not None:
            for op in self.ops:
                if not _limited([op]):
                    raise ValueError(f"has projects, but {op!r} is about none; put it into a rule without projects")
        return self

    @property
    def rule(self) -> Rule:
        """As the core has it."""
        return Rule(
            users=_names(self.users or ()),
            ops=_ops(self.ops, OPS) if self.projects is None else _limited(self.ops),
            projects=None if self.projects is None else _names(self.projects),
            anonymous=self.anonymous,
        )


class _File(_Strict):
    allow: Annotated[tuple[_Allow, ...], Field(min_length=1, max_length=RULES_MAX, strict=False)]
    on_behalf: Annotated[tuple[_Speaker, ...], _Some, _Once] = ()


def load_policy(path: Path) -> Policy:
    """The policy in that file. Raises InvalidPolicy."""
    text = _text(path)
    try:
        checked = _File.model_validate(tomllib.loads(text))
    except ValidationError as error:
        raise InvalidPolicy(f"The access policy {path} is wrong: {_sentence(error)}.") from None
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is no TOMLDecodeError
        raise InvalidPolicy(f"The access policy {path} is no TOML: {_first_line(error)}.") from None
    return Policy(permissions([one.rule for one in checked.allow]), frozenset(checked.on_behalf))


def _text(path: Path) -> str:
    """What the file holds; of the file that was opened it is asked who may write to it."""
    try:
        # a pipe without a writer would keep us waiting
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123 - a path has no flags
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise InvalidPolicy(f"The access policy {path} is no file.")
            if mode & stat.S_IWOTH:
                raise InvalidPolicy(f"The access policy {path} can be written by everybody; chmod o-w it.")
            content = file.read(FILE_BYTES_MAX + 1)
        if len(content) > FILE_BYTES_MAX:
            raise InvalidPolicy(f"The access policy {path} is larger than {FILE_BYTES_MAX} bytes.")
        return content.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidPolicy(f"The access policy {path} cannot be read: {type(error).__name__}.") from None


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_context=False, include_url=False)[0]
    parts = (f"[{part}]" if isinstance(part, int) else f".{_shown(part)}" for part in first["loc"])
    reason = first["msg"].removeprefix("Value error, ")
    said = _SAID.get(first["type"], f"is not right: {reason[:1].lower()}{reason[1:]}")
    return f"{''.join(parts).lstrip('.')} {reason if first['type'] == 'value_error' else said}"


def _shown(key: str) -> str:
    return key if key.isprintable() else ascii(key)


def _first_line(error: Exception) -> str:
    said = str(error) or "it is nested too deep"
    return said.splitlines()[0][:1].lower() + said.splitlines()[0][1:]


def _names(patterns: Iterable[str]) -> Names:
    beginnings = sorted({pattern[:-1] for pattern in patterns if pattern.endswith("*")})
    return Names(frozenset(pattern for pattern in patterns if not pattern.endswith("*")), tuple(beginnings))


def _ops(patterns: Sequence[str], known: frozenset[str]) -> frozenset[str]:
    names = _names(patterns)
    return frozenset(op for op in known if op in names)


def _limited(patterns: Sequence[str]) -> frozenset[str]:
    """What a rule with projects gives; names of what can be limited in part count where they are written out."""
    return _ops(patterns, ABOUT_PROJECTS) | (PARTLY_ABOUT_PROJECTS & set(patterns))
