"""TLS to both servers: who is believed, who is not and why, and what becomes of a worker that cannot believe them."""

import http.client
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from deploy.local import Stack
from deploy.local.tls import TlsStack, tls_stack
from tests.e2e.authority import Authority
from tests.e2e.claims import declare, new_id, take
from tests.e2e.publishing import side
from tests.e2e.worker_process import worker
from worker.faults import Outage
from worker.postgres.database import Limits, Store, create_engine
from worker.postgres.migrate import upgrade
from worker.rabbit.connection import Broker
from worker.settings import BrokerSettings, DatabaseSettings, load

EXPIRED = "certificate has expired."
NOT_TRUSTED = "is of no authority that is trusted here"
OTHER_NAME = "certificate is not for that host name."


@dataclass(frozen=True)
class Ground:
    """Servers that speak TLS alone, and the authority that made their certificates."""

    stack: TlsStack
    authority: Authority

    @property
    def broker_url(self) -> str:
        return f"{self.stack.rabbit.url}?cafile={self.authority.file}"

    @property
    def database_url(self) -> str:
        return f"{self.stack.postgres.url}?sslmode=require&sslrootcert={self.authority.file}"


@pytest.fixture(scope="session")
def whole_ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    authority = Authority(tmp_path_factory.mktemp("authority"))
    with tls_stack(authority.papers()) as stack:
        upgrade(f"{stack.postgres.url}?sslmode=require&sslrootcert={authority.file}")
        yield Ground(stack, authority)


@pytest.fixture
def ground(whole_ground: Ground) -> Iterator[Ground]:
    """Each test hands the servers on with a good certificate."""
    yield whole_ground
    whole_ground.stack.rabbit.show(whole_ground.authority.papers())
    whole_ground.stack.postgres.show(whole_ground.authority.papers())


async def greeted_by_broker(url: str) -> None:
    link = await Broker(url).connect("test")
    await link.close()


async def greeted_by_database(url: str) -> str:
    """The version of TLS."""
    engine = create_engine(url, Limits(pool_size=1))
    try:
        await Store(engine).probe()
        async with engine.connect() as connection:
            version = text("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
            return str(await connection.scalar(version))
    finally:
        await engine.dispose()


async def told(broker_url: str, database_url: str) -> tuple[str, str]:
    """Why neither server will do, each in a line that names it and holds no password."""
    with pytest.raises(Outage) as of_broker:
        await greeted_by_broker(broker_url)
    with pytest.raises(Outage) as of_database:
        await greeted_by_database(database_url)
    reasons = str(of_broker.value), str(of_database.value)
    for reason, url in zip(reasons, (broker_url, database_url), strict=True):
        credentials, _, server = url.partition("://")[2].partition("@")
        assert reason.startswith(f"No connection to {re.split('[/?]', server)[0]}. ")
        assert credentials.partition(":")[2] not in reason
        assert "\n" not in reason
    return reasons


def by_address(url: str) -> str:
    """The same server under a name that its certificate is not for."""
    return url.replace("@localhost:", "@127.0.0.1:")


async def test_a_claim_goes_through_with_tls_on_both_sides(ground: Ground, tmp_path: Path) -> None:
    prefix, provider, urls = f"test-{uuid4().hex}", new_id(), (ground.database_url, ground.broker_url)
    async with worker(*urls, prefix, tmp_path / "log") as running, side(ground.broker_url, prefix) as heard:
        await heard.ask(declare(provider, 10))
        outcome = await heard.ask(take(provider))
    assert outcome["type"] == "allocation.granted"
    assert "server_not_fully_verified" not in running.log()


async def test_authorities_may_be_named_by_variables(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOCATION_BROKER_URL", ground.stack.rabbit.url)
    monkeypatch.setenv("ALLOCATION_DATABASE_URL", ground.stack.postgres.url)
    monkeypatch.setenv("ALLOCATION_BROKER_CA_FILE", str(ground.authority.file))
    monkeypatch.setenv("ALLOCATION_DATABASE_CA_FILE", str(ground.authority.file))
    await greeted_by_broker(load(BrokerSettings).broker_url.get_secret_value())
    address = load(DatabaseSettings).database_url.get_secret_value()
    assert await greeted_by_database(address) in {"TLSv1.2", "TLSv1.3"}
    with pytest.raises(Outage, match="not for that host name"):
        await greeted_by_database(by_address(address))


@pytest.mark.parametrize("mode", ["require", "verify-full"])
async def test_an_authority_that_is_not_trusted_is_told(ground: Ground, mode: str, tmp_path: Path) -> None:
    another = Authority(tmp_path).file
    database = f"{ground.stack.postgres.url}?sslmode={mode}"
    for broker_query, database_query in (("", ""), (f"?cafile={another}", f"&sslrootcert={another}")):
        reasons = await told(ground.stack.rabbit.url + broker_query, database + database_query)
        assert all(NOT_TRUSTED in reason for reason in reasons)


async def test_a_certificate_for_another_host_is_told(ground: Ground) -> None:
    for reason in await told(by_address(ground.broker_url), by_address(ground.database_url)):
        assert reason.endswith(OTHER_NAME)


async def test_an_expired_certificate_is_told(ground: Ground) -> None:
    ground.stack.rabbit.show(ground.authority.papers(expired=True))
    ground.stack.postgres.show(ground.authority.papers(expired=True))
    for reason in await told(ground.broker_url, ground.database_url):
        assert reason.endswith(EXPIRED)


async def test_a_connection_without_tls_is_refused_by_a_server_that_asks_for_it(ground: Ground) -> None:
    plain = ground.stack.rabbit.url.replace("amqps://", "amqp://")
    of_broker, of_database = await told(plain, f"{ground.stack.postgres.url}?sslmode=disable")
    assert of_broker.endswith("the address has to begin with amqps://.")
    assert "no encryption" in of_database


async def test_a_server_without_tls_is_told_where_the_address_asks_for_it(stack: Stack, whole_ground: Ground) -> None:
    broker = f"{stack.rabbit.url.replace('amqp://', 'amqps://')}?cafile={whole_ground.authority.file}"
    of_broker, of_database = await told(broker, f"{stack.postgres.url}?sslmode=require")
    assert of_broker.endswith("The broker does not speak TLS on that port.")
    assert of_database.endswith("rejected SSL upgrade.")


async def test_an_address_may_leave_out_the_name_or_all_of_the_verification(ground: Ground) -> None:
    await greeted_by_broker(by_address(f"{ground.broker_url}&verify=chain"))
    await greeted_by_broker(by_address(f"{ground.stack.rabbit.url}?verify=none"))
    await greeted_by_database(by_address(ground.database_url.replace("=require", "=verify-ca")))
    await greeted_by_database(by_address(f"{ground.stack.postgres.url}?sslmode=require&verify=none"))


async def test_what_is_left_out_is_said_at_start(ground: Ground, tmp_path: Path) -> None:
    urls = f"{ground.database_url}&verify=chain", f"{ground.stack.rabbit.url}?verify=none"
    async with worker(*urls, f"test-{uuid4().hex}", tmp_path / "log") as running:
        lines = [json.loads(line) for line in running.log().splitlines()]
    said = [line for line in lines if line["event"] == "server_not_fully_verified"]
    assert {(line["level"], line["server"], line["verify"]) for line in said} == {
        ("warning", "broker", "none"),
        ("warning", "database", "chain"),
    }


async def test_a_server_that_asks_for_a_client_certificate_gets_it(ground: Ground) -> None:
    asking = ground.authority.papers(asking=True)
    ground.stack.postgres.show(asking)
    ground.stack.rabbit.show(asking)
    ground.stack.rabbit.prepare()
    ground.stack.rabbit.restart()
    try:
        of_broker, of_database = await told(ground.broker_url, ground.database_url)
        # its alert comes before the end of the connection, or is lost with it
        assert re.search("(asks|may ask) for a client certificate.$", of_broker)
        assert of_database.endswith("connection requires a valid client certificate.")
        certificate, key = ground.authority.client()
        await greeted_by_broker(f"{ground.broker_url}&certfile={certificate}&keyfile={key}")
        await greeted_by_database(f"{ground.database_url}&sslcert={certificate}&sslkey={key}")
    finally:
        ground.stack.rabbit.show(ground.authority.papers())
        ground.stack.rabbit.prepare()
        ground.stack.rabbit.restart()


async def test_a_worker_waits_for_certificates_that_hold_and_then_works(ground: Ground, tmp_path: Path) -> None:
    prefix, provider, urls = f"test-{uuid4().hex}", new_id(), (ground.database_url, ground.broker_url)
    ground.stack.postgres.show(ground.authority.papers(expired=True))
    ground.stack.rabbit.show(ground.authority.papers(expired=True))
    async with worker(*urls, prefix, tmp_path / "log", until="outage_probed") as running:
        (line,) = [json.loads(line) for line in running.log().splitlines() if '"outage_probed"' in line]
        assert line["reason"].endswith(f"The database's {EXPIRED}")
        assert ready(running.log()) == (503, [line["reason"]])
        ground.stack.postgres.show(ground.authority.papers())
        await running.logged("outage_probed", times=2)
        assert f"The broker's {EXPIRED}" in running.log()
        ground.stack.rabbit.show(ground.authority.papers())
        await running.logged("consuming")
        async with side(ground.broker_url, prefix) as heard:
            assert (await heard.ask(declare(provider, 1)))["type"] == "provider.created"


async def test_a_wrong_password_is_told_alike(ground: Ground) -> None:
    secret = ground.stack.postgres.url.partition("@")[0].rpartition(":")[2]
    broker, database = (url.replace(secret, "wrong") for url in (ground.broker_url, ground.database_url))
    of_broker, of_database = await told(broker, database)
    assert of_broker.endswith("The broker refuses the user name or password.")
    assert 'password authentication failed for user "allocation"' in of_database


def ready(log: str) -> tuple[int, list[str]]:
    """What the worker that logged this answers to the question whether it takes work."""
    (listening,) = [json.loads(line) for line in log.splitlines() if '"http_listening"' in line]
    connection = http.client.HTTPConnection("127.0.0.1", listening["port"], timeout=3)
    try:
        connection.request("GET", "/ready")
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())["reasons"]
    finally:
        connection.close()
