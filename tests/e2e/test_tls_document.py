"""docs/tls.md as it stands: its certificates, its configuration and its commands lead to a worker over TLS."""

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.tls import NAME, Papers, TlsStack, tls_stack
from tests.unit.docs.papers import blocks

PAPER = "docs/tls.md"
HOSTS = "BROKER=broker.internal DATABASE=database.internal"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With the certificates that the document's commands make, for our own host."""
    making = blocks(PAPER, "sh")[0]
    assert HOSTS in making
    done(making.replace(HOSTS, f"BROKER={NAME} DATABASE={NAME}"), tmp_path)
    program = tmp_path / "bin" / "allocation-worker"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{Path.cwd()}" exec "{sys.executable}" -m worker "$@"\n')
    program.chmod(0o755)
    return tmp_path


def test_what_the_document_says_leads_to_tls_on_both_sides(folder: Path) -> None:
    certificate, key, authority = ((folder / name).read_text() for name in (f"{NAME}.pem", f"{NAME}.key", "ca.pem"))
    with tls_stack(Papers(certificate, key, authority)) as stack:
        assert_configured_as_told(stack)
        told = zip(blocks(PAPER, "text")[1].split(), ("broker", "database"), strict=True)
        for address, server in told:
            url = stack.rabbit.url if server == "broker" else stack.postgres.url
            where = url.partition("://")[2].partition("/")[0]
            (folder / f"{server}_url").write_text(address.replace(f"allocation:PASSWORD@{server}.internal", where))
        said = done(blocks(PAPER, "sh")[1], folder)
    assert "All " in said
    assert " rules hold." in said


def assert_configured_as_told(stack: TlsStack) -> None:
    """Every line of the document is in force, but for the places of files and the port."""
    rabbit, postgres = (without_places(block) for block in blocks(PAPER, "ini"))
    assert rabbit <= without_places((stack.rabbit.folder / "rabbitmq.conf").read_text())
    assert postgres <= without_places((stack.postgres.folder / "postgresql.conf").read_text())
    access = (stack.postgres.folder / "pg_hba.conf").read_text().split()
    expected = blocks(PAPER, "text")[0].split()
    assert [*access[:3], access[4]] == [*expected[:3], expected[4]]


def without_places(configuration: str) -> set[tuple[str, str]]:
    """Names and values; of a file the last part of its path, of a listener nothing."""
    pairs = (line.split(" = ", 1) for line in configuration.splitlines() if " = " in line)
    return {(name, "" if name.startswith("listeners.ssl") else value.rpartition("/")[2]) for name, value in pairs}


def done(commands: str, folder: Path) -> str:
    """What they print, run as they are typed; they have to succeed."""
    environment = {"PATH": f"{folder}/bin:/usr/bin:/bin", "HOME": str(folder)}
    words = ["/bin/sh", "-eu", "-c", commands]
    ended = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=90)  # noqa: S603 - the document's own
    assert ended.returncode == 0, ended.stderr
    return ended.stdout + ended.stderr
