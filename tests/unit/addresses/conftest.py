"""An authority in a file."""

from pathlib import Path

import pytest
import trustme


@pytest.fixture
def authorities(tmp_path: Path) -> Path:
    path = tmp_path / "authorities.pem"
    trustme.CA().cert_pem.write_to_path(path)
    return path
