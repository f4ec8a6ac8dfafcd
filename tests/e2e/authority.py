"""An authority of the test's own, and the certificates that it makes for servers and for clients."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import trustme

from deploy.local.tls import NAME, Papers

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Authority:
    """Its certificate lies in a file of `folder`; so do those that it makes for clients."""

    folder: Path
    authority: trustme.CA = field(default_factory=trustme.CA)

    @property
    def file(self) -> Path:
        """Whom to trust."""
        path = self.folder / "authority.pem"
        self.authority.cert_pem.write_to_path(path)
        return path

    def papers(self, name: str = NAME, *, expired: bool = False, asking: bool = False) -> Papers:
        """For a server of that name."""
        since, until = LONG_AGO if expired else (None, None)
        made = self.authority.issue_cert(name, not_before=since, not_after=until)
        return Papers(
            certificate="".join(blob.bytes().decode() for blob in made.cert_chain_pems),
            key=made.private_key_pem.bytes().decode(),
            authority=self.authority.cert_pem.bytes().decode(),
            asking=asking,
        )

    def client(self) -> tuple[Path, Path]:
        """Files with a client's certificate and its key."""
        made = self.authority.issue_cert("a-client")
        certificate, key = self.folder / "client.pem", self.folder / "client.key"
        made.cert_chain_pems[0].write_to_path(certificate)
        made.private_key_pem.write_to_path(key)
        return certificate, key
