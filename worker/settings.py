"""What can be set, from the environment alone: variables that begin with ALLOCATION_, each with its default and reason.

The two secrets may also come from files named by ALLOCATION_DATABASE_URL_FILE and ALLOCATION_BROKER_URL_FILE.
A verb loads only the part it needs, so that publishing a claim asks for no database.
"""

import os
import re
import ssl
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, ValidationInfo, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from worker.addresses import broker_address, database_address
from worker.tls import trust

PREFIX = "ALLOCATION_"
SECRETS = ("database_url", "broker_url")


class InvalidSettings(ValueError):
    """A variable is missing or wrong; the message is one sentence that names it and never holds a secret."""


class Role(StrEnum):
    CLAIMS = "claims"
    QUERIES = "queries"
    BOTH = "both"


def _authorities(path: Path | None) -> Path | None:
    if path is not None:
        trust(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), path)
    return path


def _database_url(value: SecretStr, given: ValidationInfo) -> SecretStr:
    return SecretStr(database_address(value.get_secret_value(), given.data.get("database_ca_file")))


def _broker_url(value: SecretStr, given: ValidationInfo) -> SecretStr:
    return SecretStr(broker_address(value.get_secret_value(), given.data.get("broker_ca_file")))


def _pattern(value: object) -> object:
    try:
        return re.compile(value) if isinstance(value, str) else value
    except (re.error, OverflowError, RecursionError):
        raise ValueError("must be a regular expression") from None


Milliseconds = Annotated[int, Field(ge=1, le=3_600_000)]
Seconds = Annotated[int, Field(ge=1, le=86_400)]
# Certificates, in PEM, of those who may vouch for a server; without one those whom the system trusts.
Authorities = Annotated[Path | None, AfterValidator(_authorities)]


class Environment(BaseSettings):
    """Frozen; other variables of the same prefix are left alone, since clusters inject some of their own."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )


class LogSettings(Environment):
    """How the log is written: `json` for collectors, `console` for people."""

    log_format: Literal["json", "console"] = "json"
    log_level: Literal["debug", "info", "warning", "error"] = "info"


class TopologySettings(Environment):
    """What the broker's objects are called, and which there are."""

    prefix: str = Field("allocation", pattern=r"^[A-Za-z0-9_.-]{1,100}$")
    # Also declare the stream that keeps events for late subscribers; it takes disk, so it is asked for.
    history: bool = False
    # Also publish the events of each transaction together; every event then goes out twice, so it is asked for.
    events_in_bulk: bool = False


class BrokerSettings(TopologySettings):
    """Where the broker is and how long it may keep us waiting."""

    broker_ca_file: Authorities = None
    # After the file, which goes into it: the address says all there is to know of TLS.
    broker_url: Annotated[SecretStr, AfterValidator(_broker_url)]
    # A frozen broker is noticed after three times this and a little; below 10 a slow broker looks like a dead one.
    heartbeat_s: Annotated[int, Field(ge=1, le=600)] = 10
    # A confirm of a healthy quorum queue takes milliseconds; after this its fate counts as unknown.
    publish_timeout_ms: Milliseconds = 10_000


class DatabaseSettings(Environment):
    """Where the database is and how long it may keep us waiting; the bounds are the server's own (SET ..._timeout)."""

    database_ca_file: Authorities = None
    database_url: Annotated[SecretStr, AfterValidator(_database_url)]
    # Well above the 99th percentile of a batch (tens of milliseconds): running out means a stuck neighbour.
    lock_timeout_ms: Milliseconds = 2_000
    # Above the lock's, so that a wait for a lock is told apart from a slow statement.
    statement_timeout_ms: Milliseconds = 10_000
    # Deciding a batch between two statements takes milliseconds; a worker frozen in between must not keep its locks.
    idle_in_transaction_timeout_ms: Milliseconds = 5_000

    @model_validator(mode="after")
    def _locks_run_out_first(self) -> Self:
        if self.lock_timeout_ms >= self.statement_timeout_ms:
            raise ValueError("ALLOCATION_LOCK_TIMEOUT_MS must be below ALLOCATION_STATEMENT_TIMEOUT_MS")
        return self


class HttpSettings(Environment):
    """Where health and metrics are served. Loopback unless told otherwise; a container sets 0.0.0.0."""

    http_host: str = Field("127.0.0.1", min_length=1)
    http_port: int = Field(8080, ge=0, le=65_535, description="0 lets the system choose")


class PolicySettings(Environment):
    """Who may do what."""

    # Without one everybody may do what the broker's own permissions let them.
    policy_file: Path | None = None


class Settings(BrokerSettings, DatabaseSettings, PolicySettings, HttpSettings, LogSettings):
    """All that a running worker goes by."""

    role: Role = Role.BOTH
    # `source` of every event (CloudEvents); one for all workers that share a database.
    source: str = Field("/allocation-worker", min_length=1, max_length=255)
    # Declare the topology at start (development) or only check it (production, where definitions are loaded).
    declare_topology: bool = False
    # The largest batch whose transaction stays within some tenths of a second; it took a tenth more claims than 512.
    batch_size_max: int = Field(1_024, ge=1, le=4_096)
    # One batch in its transaction, one being published, one gathering. It counts messages, whose bodies are all in
    # memory: where each has many claims, 100 kB of them say, it has to be lower.
    prefetch: int = Field(default_factory=lambda earlier: 3 * int(earlier["batch_size_max"]), ge=1, le=65_535)
    # Reads at a time; each holds one database connection and at most a page in memory.
    queries_in_flight_max: int = Field(8, ge=1, le=256)
    # Answers to a request without a limit may be beyond number; nobody reads more, and with their trees they are 1 MB.
    candidates_max: int = Field(1_000, ge=1, le=10_000)
    # Replies go only to queues whose name matches: a claim must not be able to write into any queue it likes.
    reply_to_pattern: Annotated[re.Pattern[str], BeforeValidator(_pattern)] = Field(
        default_factory=lambda earlier: re.compile(rf"^(amq\.|{re.escape(str(earlier['prefix']))}\.replies\.)")
    )
    # A claim that needs a row not locked goes first in the next batch; rows that move this often are fought over.
    carries_max: int = Field(8, ge=0, le=1_000)
    # Whole transactions tried for one batch before the database counts as unusable.
    conflict_tries_max: int = Field(10, ge=1, le=1_000)
    # Bad messages are rare and scattered; this many in a row mean that the fault is ours.
    parked_in_a_row_max: int = Field(20, ge=1, le=100_000)
    # In an outage: the first probe soon, the later ones so far apart that a returning server is not stormed.
    probe_backoff_min_ms: Milliseconds = 100
    probe_backoff_max_ms: Milliseconds = 5_000
    # Longer than any dead letter may wait for its replay: with its row gone a repeated claim would take effect twice.
    inbox_keep_days: int = Field(30, ge=1, le=3_650)
    # Outcomes unconfirmed for so long have lost their delivery as well, and are published by the sweep.
    sweep_after_s: Seconds = 300
    # Above every other bound here (a statement, a confirm, three heartbeats): a loop silent for longer is stuck.
    stalled_after_s: Seconds = 60

    @model_validator(mode="after")
    def _backoff_grows(self) -> Self:
        if self.probe_backoff_min_ms > self.probe_backoff_max_ms:
            raise ValueError("ALLOCATION_PROBE_BACKOFF_MIN_MS must not be above ALLOCATION_PROBE_BACKOFF_MAX_MS")
        return self


Part = TypeVar("Part", bound=Environment)


def load(part: type[Part], **given: object) -> Part:
    """`part` read from the environment; `given` (flags of a command line) wins where it is not None.

    Raises InvalidSettings.
    """
    flags = {name: value for name, value in given.items() if value is not None}
    try:
        return part.model_validate({**_secrets_from_files(part), **flags})
    except ValidationError as error:
        raise InvalidSettings(_sentence(error)) from None


def _secrets_from_files(part: type[Environment]) -> dict[str, str]:
    found = {}
    for field in SECRETS:
        variable = PREFIX + field.upper()
        path = os.environ.get(f"{variable}_FILE")
        if not path or field not in part.model_fields:
            continue
        if os.environ.get(variable):
            raise InvalidSettings(f"{variable} and {variable}_FILE are both set; set one of them.")
        try:
            found[field] = Path(path).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidSettings(f"{variable}_FILE cannot be read: {type(error).__name__} for {path}.") from None
    return found


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_context=False, include_url=False)[0]
    reason = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return f"{reason}."
    variable = PREFIX + str(first["loc"][0]).upper()
    if first["type"] == "missing":
        return f"{variable} is not set."
    return f"{variable} is wrong: {reason[:1].lower()}{reason[1:]}."
