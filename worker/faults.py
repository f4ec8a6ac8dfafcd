"""What can go wrong with the world, in the terms in which the engine decides its next step.

The adapters translate their drivers' exceptions into these; worker/engine/failures.py maps each to its step.
Anything that is none of them is a bug, ours or theirs.
"""


class Fault(Exception):
    """The world broke; never a refusal, which is a value."""


class Conflict(Fault):
    """Somebody else was there first, or the fate of a commit is unknown: run the whole transaction again.

    SQLSTATE 40001, 40003, 40P01, 23505, 23503, 0A000; fewer rows written than planned; a failure during COMMIT.
    """


class LockTimeout(Conflict):
    """SQLSTATE 55P03, 57014, 25P03: took too long under locks or in a statement; the next try has half the batch."""


class Outage(Fault):
    """Database or broker cannot be used now: hold nothing, probe, resume. Charges no attempt."""


class Unconfirmed(Outage):
    """A publish was nacked, timed out, or its channel was lost: its fate is unknown, same event id again."""


class Unroutable(Fault):
    """A mandatory message (a dead letter) reached no queue: its topology is missing."""


class ReadRefused(Fault):
    """A query that has no answer but an error, in the contract's terms (`code`, `message`, `details`)."""

    def __init__(self, code: str, message: str, details: object) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details
