"""What the servers' addresses may look like, and the TLS that they ask for."""

from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import make_url
from yarl import URL

from worker.addresses import broker_address, broker_tls, database_address, database_tls
from worker.tls import Tls, Verify

DATABASE = "postgresql://u:p@h/db"
BROKER = "amqps://u:p@h/"


@pytest.mark.parametrize(
    ("query", "tls"),
    [
        ("", None),
        ("?sslmode=disable", None),
        ("?sslmode=prefer", None),
        ("?sslmode=require", Tls()),
        ("?ssl=require", Tls()),
        ("?sslmode=verify-full", Tls()),
        ("?sslmode=verify-ca", Tls(Verify.CHAIN)),
        ("?sslmode=require&verify=none", Tls(Verify.NONE)),
        ("?sslmode=verify-ca&verify=full", Tls()),
        ("?sslrootcert=/ca.pem", Tls(ca_file=Path("/ca.pem"))),
        ("?sslmode=require&sslrootcert=system", Tls()),
        ("?sslcert=/c&sslkey=/k", Tls(cert_file=Path("/c"), key_file=Path("/k"))),
        ("?host=a,b&port=1,2&sslmode=require", Tls()),
    ],
)
def test_a_database_s_certificate_is_verified_unless_the_address_says_otherwise(query: str, tls: Tls | None) -> None:
    assert database_tls(DATABASE + query) == tls


@pytest.mark.parametrize(
    ("url", "tls"),
    [
        ("amqp://u:p@h/", None),
        (BROKER, Tls()),
        (f"{BROKER}?heartbeat=5&auth=external", Tls()),
        (f"{BROKER}?verify=chain", Tls(Verify.CHAIN)),
        (f"{BROKER}?verify=none", Tls(Verify.NONE)),
        (f"{BROKER}?cafile=/a%20b&certfile=/c", Tls(ca_file=Path("/a b"), cert_file=Path("/c"))),
    ],
)
def test_a_broker_s_certificate_is_verified_unless_the_address_says_otherwise(url: str, tls: Tls | None) -> None:
    assert broker_tls(url) == tls


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (f"{DATABASE}?sslmode=maybe", "sslmode must be one of disable, allow, prefer, require, verify-ca, verify-full"),
        (f"{DATABASE}?sslmode=require&verify=no", "verify must be one of full, chain, none"),
        (f"{DATABASE}?sslmode=verify-full&verify=none", "sslmode=verify-full and verify=none contradict each other"),
        (f"{DATABASE}?sslmode=disable&sslrootcert=/ca", "sslrootcert and sslmode=disable contradict each other"),
        (f"{DATABASE}?sslcrl=/crl", "sslcrl is not taken; see sslmode, sslrootcert, sslcert, sslkey"),
        (f"{DATABASE}?sslkey=/k", "sslkey is named without sslcert"),
        (f"{DATABASE}?sslrootcert=/nowhere", "/nowhere has no certificates to read (No such file or directory)"),
        (f"{BROKER}?no_verify_ssl=1", "no_verify_ssl is not taken; see cafile, and verify=chain or verify=none"),
        (f"{BROKER}?no_verify_ssl=0", "no_verify_ssl is not taken; see cafile, and verify=chain or verify=none"),
        (f"{BROKER}?keyfile=/k", "keyfile is named without certfile"),
        (f"{BROKER}?cafile=/nowhere", "/nowhere has no certificates to read (No such file or directory)"),
        ("amqp://h/?cafile=/ca", "cafile is for amqps:// alone"),
        ("amqp://h/?verify=full", "verify is for amqps:// alone"),
    ],
)
def test_what_makes_no_sense_of_tls_is_told(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        (database_address if url.startswith("postgresql") else broker_address)(url, None)
    assert str(caught.value) == reason


def test_a_file_of_authorities_asks_a_database_for_tls_and_goes_into_the_address_once(authorities: Path) -> None:
    once = database_address(DATABASE, authorities)
    assert database_tls(once) == Tls(ca_file=authorities)
    assert database_address(once, authorities) == once


def test_a_file_of_authorities_goes_into_the_broker_s_address_once(authorities: Path) -> None:
    once = broker_address(f"{BROKER}?heartbeat=5", authorities)
    assert broker_tls(once) == Tls(ca_file=authorities)
    assert URL(once).query["heartbeat"] == "5"
    assert broker_address(once, authorities) == once


def test_a_file_of_authorities_contradicts_an_address_without_tls_or_with_another(authorities: Path) -> None:
    with pytest.raises(ValueError, match="must begin with amqps://"):
        broker_address("amqp://h/", authorities)
    with pytest.raises(ValueError, match="contradict each other"):
        database_address(f"{DATABASE}?sslmode=disable", authorities)
    with pytest.raises(ValueError, match="it names another cafile than ALLOCATION_BROKER_CA_FILE"):
        broker_address(f"{BROKER}?cafile=/other", authorities)
    with pytest.raises(ValueError, match="it names another sslrootcert than ALLOCATION_DATABASE_CA_FILE"):
        database_address(f"{DATABASE}?sslrootcert=/other", authorities)


@given(password=st.text(min_size=1).filter(lambda drawn: drawn.encode("utf-8", "ignore").decode() == drawn))
def test_any_password_that_is_percent_encoded_arrives_as_it_is(password: str) -> None:
    encoded = quote(password, safe="")
    assert URL(broker_address(f"amqp://u:{encoded}@h:1/", None)).password == password
    assert make_url(database_address(f"postgresql://u:{encoded}@h:1/db", None)).password == password


@given(password=st.text() | st.text(alphabet="ab1%:+/@[]#? ~&=\\\u00fc\u2100\u00a0\u3002", max_size=8))
def test_an_address_is_read_by_all_alike_or_refused_without_a_word_of_it(password: str) -> None:
    for scheme, read in (("amqp", broker_address), ("postgresql", database_address)):
        try:
            address = read(f"{scheme}://u:{password}@host:17/x", None)
        except ValueError as refused:
            assert str(refused) == "it is no URL, or has characters in it that must be percent-encoded (@ as %40, say)"
        else:
            urls = URL(address), make_url(address)
            assert {(url.host, url.port, url.password or "") for url in urls} == {("host", 17, unquote(password))}
