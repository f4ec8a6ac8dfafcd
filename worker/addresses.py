"""The servers' URLs: what they may look like, and the TLS that they ask for. What is wrong is said without the URL."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from worker.tls import Tls, Verify

# RFC 3986, to the letter: where it is stretched, readers of URLs differ in what they make of it.
CREDENTIALS: Final = re.compile(r"(?:[\w.~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*", re.ASCII)
HOST: Final = re.compile(r"[\w.-]*|[0-9A-Fa-f:.]+", re.ASCII)
NEVER_PLAIN: Final = re.compile(r"[ #\\]")
# aiormq would take these: the first turns verification off unless it is "0", the others are beyond what is needed.
NOT_FOR_BROKERS: Final = ("no_verify_ssl", "capath", "cadata")
BROKER_FILES: Final = ("cafile", "certfile", "keyfile")
DATABASE_FILES: Final = ("sslrootcert", "sslcert", "sslkey")
DATABASE_TLS: Final = frozenset({"ssl", "sslmode", "verify", *DATABASE_FILES})
# As libpq calls them, but for `require`: there it means that anybody's certificate will do.
MODES: Final = {"require": Verify.FULL, "verify-ca": Verify.CHAIN, "verify-full": Verify.FULL}
WITHOUT_PROMISE: Final = ("disable", "allow", "prefer")
# libpq's word for the system's authorities instead of a file.
SYSTEM: Final = "system"


def broker_address(url: str, ca_file: Path | None) -> str:
    """`url`, checked down to the files that it names, with `ca_file` in its query. Raises ValueError."""
    _refuse_what_is_unclear(url, ("amqp", "amqps"), "must begin with amqp:// or amqps://")
    if ca_file is not None:
        if not url.startswith("amqps://"):
            raise ValueError("must begin with amqps://, since ALLOCATION_BROKER_CA_FILE is set")
        url = _with_ca_file(url, "cafile", ca_file, "ALLOCATION_BROKER_CA_FILE")
    tls = broker_tls(url)
    if tls is not None:
        tls.context()
    return url


def database_address(url: str, ca_file: Path | None) -> str:
    """`url` for the driver, checked down to the files that it names, with `ca_file` in its query. Raises ValueError."""
    schemes = ("postgresql", "postgres", "postgresql+asyncpg")
    _refuse_what_is_unclear(url, schemes, "must begin with postgresql://")
    url = f"postgresql+asyncpg://{url.partition('://')[2]}"
    if ca_file is not None:
        url = _with_ca_file(url, "sslrootcert", ca_file, "ALLOCATION_DATABASE_CA_FILE")
    tls = database_tls(url)
    if tls is not None:
        tls.context()
    return url


def broker_tls(url: str) -> Tls | None:
    """The TLS that a broker's URL asks for; None without. Raises ValueError."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    for name in NOT_FOR_BROKERS:
        if name in query:
            raise ValueError(f"{name} is not taken; see cafile, and verify=chain or verify=none")
    named = [name for name in (*BROKER_FILES, "verify") if name in query]
    if parts.scheme == "amqps":
        return _tls(query, BROKER_FILES, _verify(query) or Verify.FULL)
    if named:
        raise ValueError(f"{named[0]} is for amqps:// alone")
    return None


def database_tls(url: str) -> Tls | None:
    """The TLS that a database's URL asks for; None where it leaves it to the driver. Raises ValueError."""
    query = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    unknown = [name for name in query if name.startswith("ssl") and name not in DATABASE_TLS]
    if unknown:
        raise ValueError(f"{unknown[0]} is not taken; see sslmode, {', '.join(DATABASE_FILES)}")
    mode = driver_mode(query)
    named = [name for name in (*DATABASE_FILES, "verify") if name in query]
    if mode in WITHOUT_PROMISE or (mode is None and not named):
        if named:
            raise ValueError(f"{named[0]} and sslmode={mode} contradict each other")
        return None
    verify = _verify(query)
    if mode == "verify-full" and verify not in {None, Verify.FULL}:
        raise ValueError(f"sslmode=verify-full and verify={verify} contradict each other")
    return _tls(query, DATABASE_FILES, verify or MODES[mode or "require"])


def driver_mode(query: Mapping[str, object]) -> str | None:
    """What a database's URL says for `sslmode`, by that name or the driver's own. Raises ValueError."""
    mode = query.get("sslmode", query.get("ssl"))
    if mode is not None and mode not in {*MODES, *WITHOUT_PROMISE}:
        raise ValueError(f"sslmode must be one of {', '.join((*WITHOUT_PROMISE, *MODES))}")
    return str(mode) if mode is not None else None


def _refuse_what_is_unclear(url: str, schemes: tuple[str, ...], otherwise: str) -> None:
    """Raises ValueError, which does not say where: whatever is not read rightly may be a piece of a password."""
    scheme, found, _ = url.partition("://")
    if not found or scheme not in schemes:
        raise ValueError(otherwise)
    if not _is_clear(url):
        raise ValueError("it is no URL, or has characters in it that must be percent-encoded (@ as %40, say)")


def _is_clear(url: str) -> bool:
    """Whether all who read `url` see the same parts, in particular the same password."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        unquote(url, errors="strict")
    except ValueError:
        return False
    # a character that should have been encoded ends the password, and the rest of it is taken for something else
    in_its_place = url.count("@") == parts.netloc.count("@") <= 1
    known = CREDENTIALS.fullmatch(parts.netloc.rpartition("@")[0]) and HOST.fullmatch(host)
    return in_its_place and known is not None and port != 0 and url.isprintable() and not NEVER_PLAIN.search(url)


def _with_ca_file(url: str, name: str, ca_file: Path, variable: str) -> str:
    query = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    if name not in query:
        return f"{url}{'&' if '?' in url else '?'}{urlencode({name: str(ca_file)}, quote_via=quote)}"
    if query[name] != str(ca_file):
        raise ValueError(f"it names another {name} than {variable}")
    return url


def _verify(query: Mapping[str, str]) -> Verify | None:
    word = query.get("verify")
    if word is not None and word not in set(Verify):
        raise ValueError(f"verify must be one of {', '.join(Verify)}")
    return Verify(word) if word is not None else None


def _tls(query: Mapping[str, str], names: tuple[str, str, str], verify: Verify) -> Tls:
    ca_file, cert_file, key_file = (Path(query[name]) if query.get(name) else None for name in names)
    if key_file is not None and cert_file is None:
        raise ValueError(f"{names[2]} is named without {names[1]}")
    return Tls(verify, None if ca_file == Path(SYSTEM) else ca_file, cert_file, key_file)
