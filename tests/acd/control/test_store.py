"""Tokens and trail in a real database of either kind."""

import asyncio

import pytest
from sqlalchemy import inspect, select
from sqlalchemy.ext.asyncio import AsyncEngine

from acd.control.access import FileGuard, Guards, Identity, Role
from acd.control.app import build_app
from acd.control.errors import RequestRefused, StoreAway, TokenWrong
from acd.control.server import ControlServer
from acd.control.store.database import ControlDatabase, migrate
from acd.control.store.tables import control_token, metadata
from acd.control.store.tokens import StoreGuard, TokenStore
from acd.control.store.trail import LOOK_AGAIN_S, Trail
from metrics.records.database import open_engine
from queue_engine.ids import AgentId, CallId, Instant
from tests.acd.stage import CALLER, HOST, NOON, Stage, ask

CHIEF = Identity("chief", Role.SUPERVISOR)


async def tables_of(engine: AsyncEngine) -> set[str]:
    """Return the tables that there are."""
    async with engine.connect() as link:
        return set(await link.run_sync(lambda sync: inspect(sync).get_table_names()))


async def test_schema_goes_up_and_down(url):
    """The migrations make just the tables that the code knows, with their columns, and take them away again."""
    engine = open_engine(url)
    try:
        await migrate(url)
        await migrate(url)
        assert set(metadata.tables) <= await tables_of(engine)
        async with engine.connect() as link:
            for table in metadata.sorted_tables:
                found = await link.run_sync(lambda sync, name=table.name: inspect(sync).get_columns(name))
                assert {column["name"] for column in found} == {column.name for column in table.columns}
        await migrate(url, "base")
        assert not set(metadata.tables) & await tables_of(engine)
    finally:
        await engine.dispose()


async def test_token_opens_until_it_is_revoked(database: ControlDatabase):
    """What is shown once is found again by its digest, and from the revocation on it is not."""
    store = TokenStore(database)
    token = await store.make("chief", Role.SUPERVISOR, NOON)
    assert await store.find(token, NOON) == CHIEF
    (record,) = await store.all()
    assert (record.name, record.valid(NOON)) == ("chief", True)
    assert await store.revoke(record.id, NOON) == 1
    assert await store.find(token, NOON) is None
    assert await store.revoke(record.id, NOON) == 0


async def test_token_itself_is_kept_nowhere(database: ControlDatabase):
    """The database holds a digest from which the token cannot be had."""
    token = await TokenStore(database).make("wall", Role.READ_ONLY, NOON)
    engine = await database.engine()
    async with engine.connect() as link:
        row = (await link.execute(select(control_token))).one()
    assert token not in str(row)


async def test_token_ends_at_its_date(database: ControlDatabase):
    """Valid before, and no longer at that instant."""
    store = TokenStore(database)
    token = await store.make("chief", Role.SUPERVISOR, NOON, expires_at=Instant(NOON + 60))
    assert await store.find(token, Instant(NOON + 59)) == CHIEF
    assert await store.find(token, Instant(NOON + 60)) is None


async def test_operators_token_names_the_operator(database: ControlDatabase):
    """An operator's token without the operator, or another's with one, is not made."""
    store = TokenStore(database)
    token = await store.make("anna", Role.OPERATOR, NOON, agent=AgentId("101"))
    assert await store.find(token, NOON) == Identity("anna", Role.OPERATOR, AgentId("101"))
    with pytest.raises(TokenWrong):
        await store.make("anna", Role.OPERATOR, NOON)
    with pytest.raises(TokenWrong):
        await store.make("chief", Role.SUPERVISOR, NOON, agent=AgentId("101"))


@pytest.mark.parametrize("id_", ["", "abc", "%%%%%%%%%%", "abcdefghij%"])
async def test_id_that_could_mean_many_tokens_is_refused(database: ControlDatabase, id_):
    """No wildcard and no short prefix revokes anything."""
    with pytest.raises(TokenWrong):
        await TokenStore(database).revoke(id_, NOON)


async def test_look_at_a_number_is_noted_once_in_a_while(database: ControlDatabase):
    """A screen that asks every second makes one entry per call, and another after the limit."""
    trail = Trail(database)
    calls = [CallId("main-1.1"), CallId("main-1.2")]
    for second in range(5):
        await trail.looked(CHIEF, "127.0.0.1", calls, Instant(NOON + second))
    await trail.looked(CHIEF, "127.0.0.1", calls[:1], Instant(NOON + LOOK_AGAIN_S))
    noted = [entry.object for _, entry in await trail.entries()]
    assert noted == ["call main-1.1", "call main-1.2", "call main-1.1"]


async def test_trail_is_read_in_parts(database: ControlDatabase):
    """Entries come in order, from the number after the last one seen."""
    trail = Trail(database)
    for number in range(5):
        await trail.acted(CHIEF, "", f"act {number}", "", NOON)
    first = await trail.entries(limit=2)
    rest = await trail.entries(after=first[-1][0])
    assert [entry.action for _, entry in [*first, *rest]] == [f"act {number}" for number in range(5)]


async def test_nobody_keeps_himself_out_of_the_trail(database: ControlDatabase):
    """A NUL in what was asked for, which PostgreSQL cannot store, is written down as two letters."""
    trail = Trail(database)
    await trail.acted(CHIEF, "", "GET /v1/calls/\0", "call \0", NOON)
    ((_, entry),) = await trail.entries()
    assert (entry.action, entry.object) == ("GET /v1/calls/\\0", "call \\0")


async def test_database_that_is_away_is_an_error_of_ours(tmp_path):
    """A folder instead of a file: told as such, and the trail goes on in the log."""
    (tmp_path / "acd.db").mkdir()
    database = ControlDatabase(f"sqlite:///{tmp_path}/acd.db")
    with pytest.raises(StoreAway):
        await TokenStore(database).find("x", NOON)
    trail = Trail(database)
    await trail.acted(CHIEF, "", "act", "", NOON)
    with pytest.raises(StoreAway):
        await trail.entries()
    await database.close()


async def test_actions_looks_and_refusals_are_in_the_trail(stage: Stage, database: ControlDatabase):
    """Who did what to whom, who saw whose number, and what was not allowed; never the number itself."""
    store = TokenStore(database)
    chief = await store.make("chief", Role.SUPERVISOR, NOON)
    wall = await store.make("wall", Role.READ_ONLY, NOON)
    trail = Trail(database)
    stage.log_in()
    stage.call()
    server = ControlServer(build_app(stage, StoreGuard(store, stage.now), trail), HOST, 0)
    await server.start()
    try:
        await ask(server, chief, "POST", "/v1/agents/101/pause", {"reason": "lunch"})
        await ask(server, chief, "GET", "/v1/calls")
        await ask(server, wall, "GET", "/v1/calls")
        with pytest.raises(RequestRefused):
            await ask(server, wall, "POST", "/v1/agents/101/resume")
    finally:
        await server.close()
    entries = [entry for _, entry in await trail.entries()]
    assert [(entry.who, entry.action, entry.object, entry.outcome) for entry in entries] == [
        ("chief", "POST /v1/agents/101/pause", "agent 101", "done"),
        ("chief", "look", "call main-1.1", "done"),
        ("wall", "POST /v1/agents/101/resume", "agent 101", "not_allowed"),
    ]
    assert entries[0].detail == '{"reason":"lunch"}'
    assert CALLER not in str(entries)


async def test_console_opens_while_the_database_is_away(stage: Stage, tmp_path):
    """The administrator's file needs no database; for all others it is told that tokens cannot be read."""
    (tmp_path / "away.db").mkdir()
    database = ControlDatabase(f"sqlite:///{tmp_path}/away.db")
    guard = Guards(FileGuard("console-token"), StoreGuard(TokenStore(database), stage.now))
    server = ControlServer(build_app(stage, guard, Trail(database)), HOST, 0)
    await server.start()
    try:
        assert (await ask(server, "console-token", "POST", "/v1/agents/101/login"))["state"] == "ready"
        with pytest.raises(RequestRefused) as refused:
            await ask(server, "other", "GET", "/v1/status")
        assert (refused.value.status, refused.value.code) == (503, "database_away")
    finally:
        await server.close()
        await database.close()


async def test_two_first_uses_at_once_migrate_once(database: ControlDatabase):
    """Two requests that meet an empty database do not trip over each other."""
    store = TokenStore(database)
    tokens = await asyncio.gather(*(store.make(f"n{n}", Role.READ_ONLY, NOON) for n in range(4)))
    assert len(set(tokens)) == 4


async def test_administrator_reads_the_trail_and_nobody_else(stage: Stage, database: ControlDatabase):
    """The trail is served in parts to an administrator; a supervisor's attempt is itself an entry."""
    trail = Trail(database)
    store = TokenStore(database)
    root = await store.make("root", Role.ADMINISTRATOR, NOON)
    chief = await store.make("chief", Role.SUPERVISOR, NOON)
    server = ControlServer(build_app(stage, StoreGuard(store, stage.now), trail), HOST, 0)
    await server.start()
    try:
        with pytest.raises(RequestRefused):
            await ask(server, chief, "GET", "/v1/audit")
        told = await ask(server, root, "GET", "/v1/audit?limit=10")
        assert [(each["who"], each["action"], each["outcome"]) for each in told["entries"]] == [
            ("chief", "GET /v1/audit", "not_allowed")
        ]
        assert (await ask(server, root, "GET", f"/v1/audit?after={told['entries'][0]['id']}"))["entries"] == []
        with pytest.raises(RequestRefused) as refused:
            await ask(server, root, "GET", "/v1/audit?limit=0")
        assert refused.value.code == "body_wrong"
    finally:
        await server.close()
