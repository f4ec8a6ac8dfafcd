"""The migrated database that a test gets."""

from tests.deploy.test_fixtures import fetch


async def test_a_database_of_a_test_is_migrated(database_url: str) -> None:
    assert int(await fetch(database_url, "SELECT count(*) FROM resource_classes")) > 10
