"""What a TLS context demands, and what is said of files that make none."""

import ssl
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from worker.tls import Tls, UnusableTls, Verify, cause


@pytest.mark.parametrize(
    ("verify", "mode", "by_name"),
    [
        (Verify.FULL, ssl.CERT_REQUIRED, True),
        (Verify.CHAIN, ssl.CERT_REQUIRED, False),
        (Verify.NONE, ssl.CERT_NONE, False),
    ],
)
def test_a_context_demands_what_is_asked_for(verify: Verify, mode: ssl.VerifyMode, by_name: bool) -> None:
    context = Tls(verify).context()
    assert (context.verify_mode, context.check_hostname) == (mode, by_name)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_where_a_file_of_authorities_is_named_no_others_are_trusted(authorities: Path) -> None:
    assert len(Tls(ca_file=authorities).context().get_ca_certs()) == 1


def test_a_file_that_holds_no_certificate_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca").write_text("nothing")
    with pytest.raises(UnusableTls, match="ca has no certificates to read"):
        Tls(ca_file=tmp_path / "ca").context()


def test_a_key_of_another_certificate_is_told_with_the_names_of_both_files(tmp_path: Path) -> None:
    one, another = (trustme.CA().issue_cert("worker") for _ in range(2))
    one.cert_chain_pems[0].write_to_path(tmp_path / "cert")
    another.private_key_pem.write_to_path(tmp_path / "key")
    with pytest.raises(UnusableTls, match=r"cert and .*key are no certificate with its key"):
        Tls(cert_file=tmp_path / "cert", key_file=tmp_path / "key").context()


def test_a_key_with_a_passphrase_is_refused_without_asking_for_it(tmp_path: Path) -> None:
    made = trustme.CA().issue_cert("worker")
    made.cert_chain_pems[0].write_to_path(tmp_path / "cert")
    key = load_pem_private_key(made.private_key_pem.bytes(), None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word"))
    (tmp_path / "key").write_bytes(locked)
    with pytest.raises(UnusableTls, match="without a passphrase"):
        Tls(cert_file=tmp_path / "cert", key_file=tmp_path / "key").context()


def test_what_is_not_about_tls_has_no_cause_in_it() -> None:
    assert cause("The broker", OSError("away")) is None
    assert cause("The broker", None) is None
