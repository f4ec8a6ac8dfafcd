"""The database's address as people write it, turned into what the driver reads."""

from sqlalchemy import URL, make_url

DRIVER = "postgresql+asyncpg"


def driver_url(url: str) -> URL:
    """`postgresql://...` or `postgresql+asyncpg://...` for asyncpg; `sslmode` keeps its libpq meaning."""
    parsed = make_url(url).set(drivername=DRIVER)
    mode = parsed.query.get("sslmode")
    if mode is None:
        return parsed
    return parsed.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
