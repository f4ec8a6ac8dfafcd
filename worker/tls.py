"""TLS to a server: what of its certificate is verified and by which files, and why a connection was refused."""

import ssl
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final


class Verify(StrEnum):
    """How much of a server's certificate must hold: its chain and its host name, its chain alone, nothing."""

    FULL = "full"
    CHAIN = "chain"
    NONE = "none"


class UnusableTls(ValueError):
    """A file is missing or is not what it should be; the message names it in one sentence without its full stop."""


# OpenSSL's numbers of what does not hold (X509_V_ERR_...), in words; those of no trusted authority are many.
EXPIRED: Final = 10
OTHER_NAME: Final = (62, 64)
NO_AUTHORITY: Final = (2, 18, 19, 20, 21)

# What OpenSSL says of the other side, and what it means; the first that matches.
REASONS: Final = {
    "WRONG_VERSION_NUMBER": "does not speak TLS on that port",
    "RECORD_LAYER_FAILURE": "does not speak TLS on that port",
    "PROTOCOL_VERSION": "and we have no TLS version in common; ours are 1.2 and later",
    "UNSUPPORTED_PROTOCOL": "and we have no TLS version in common; ours are 1.2 and later",
    "CERTIFICATE_REQUIRED": "asks for a client certificate",
    "HANDSHAKE_FAILURE": "ended the TLS handshake; it may ask for a client certificate",
    "UNKNOWN_CA": "does not trust the client certificate",
    "BAD_CERTIFICATE": "does not trust the client certificate",
    "CERTIFICATE_EXPIRED": "says that the client certificate has expired",
}


@dataclass(frozen=True, slots=True)
class Tls:
    """TLS 1.2 or later. Trusted are the authorities of `ca_file` alone, else those of the system.

    `cert_file`, with `key_file` where the key is not in it too, is who we are to a server that asks.
    """

    verify: Verify = Verify.FULL
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Made of the files as they are now, so that renewed ones are in force at the next connection.

        Reads files: not for the event loop. Raises UnusableTls.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.check_hostname = self.verify is Verify.FULL
        context.verify_mode = ssl.CERT_NONE if self.verify is Verify.NONE else ssl.CERT_REQUIRED
        if self.ca_file is None:
            context.load_default_certs()
        else:
            trust(context, self.ca_file)
        if self.cert_file is not None:
            _introduce(context, self.cert_file, self.key_file)
        return context


def trust(context: ssl.SSLContext, ca_file: Path) -> None:
    """Have `context` trust the authorities in `ca_file`. Raises UnusableTls."""
    try:
        context.load_verify_locations(cafile=ca_file)
    except OSError as error:
        raise UnusableTls(f"{ca_file} has no certificates to read ({_said(error)})") from None


def cause(server: str, error: BaseException | None) -> str | None:
    """Why TLS to `server` ("The broker", say) failed, in one sentence; None where `error` is not about TLS."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{server}'s certificate {_flaw(error)}."
    if not isinstance(error, ssl.SSLError):
        return None
    reason = error.reason or str(error)
    told = (words for part, words in REASONS.items() if part in reason)
    return f"{server} {next(told, f'failed at TLS: {reason}')}."


def _flaw(error: ssl.SSLCertVerificationError) -> str:
    # absent unless OpenSSL itself refused the certificate
    code, words = getattr(error, "verify_code", 0), getattr(error, "verify_message", str(error)).rstrip(".")
    if code == EXPIRED:
        return "has expired"
    if code in OTHER_NAME:
        return "is not for that host name"
    if code in NO_AUTHORITY:
        return f"is of no authority that is trusted here ({words})"
    return f"does not hold ({words})"


def _introduce(context: ssl.SSLContext, cert_file: Path, key_file: Path | None) -> None:
    try:
        # an empty passphrase, lest OpenSSL ask for one at a terminal where there is one
        context.load_cert_chain(cert_file, key_file, password="")  # nosec B106 - that there is none
    except (OSError, ValueError) as error:
        files = f"{cert_file} and {key_file} are" if key_file else f"{cert_file} is"
        raise UnusableTls(f"{files} no certificate with its key, without a passphrase ({_said(error)})") from None


def _said(error: Exception) -> str:
    return getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
