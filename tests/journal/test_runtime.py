"""The journal as the daemon runs it: from its settings file, with real calls of the engine and a real mail server."""

import asyncio
from contextlib import asynccontextmanager, suppress
from datetime import UTC, date
from types import SimpleNamespace

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from structlog.testing import capture_logs
from typer.testing import CliRunner

from acd.asking import Asking
from acd.cli.exits import CommandFailed, ExitCode
from acd.cli.journal import journal
from acd.cli.main import run
from acd.control.events import EventLog
from acd.journal.cards import Channel
from acd.journal.errors import SettingsError
from acd.journal.limits import Urgency
from acd.journal.roles import Person, Role
from acd.journal.runtime import JournalRuntime
from acd.journal.serve import keep_beside, serving
from acd.journal.settings import load_settings
from acd.journal.store.cards import Cards
from acd.journal.store.database import open_journal, upgrade
from acd.journal.store.people import People, hash_password
from acd.journal.telephone import AppealLine
from config.production_calendar import DayOverride
from config.worktime import EveryDay
from metrics.errors import RecordsUnusable
from metrics.live import LiveFigures
from metrics.norms import Standard
from queue_engine.engine import QueueEngine
from queue_engine.facts import CallAccepted, CallAnswered
from tests.journal.recorded import records_in
from tests.journal.test_cards import MONDAY
from tests.journal.test_mail import mailbox  # noqa: F401 - fixtures are found by name
from tests.journal.website import PASSWORD

SETTINGS = """
[journal]
profile = "kemerovo-support"
lines = ["kem"]
database = "sqlite:///{folder}/journal.sqlite"
address = "http://127.0.0.1/desk"
supervisors = ["head@example.org"]
[journal.calendar]
2026-11-23 = "off"
[journal.smtp]
host = "127.0.0.1"
port = {port}
sender = "acd@example.org"
starttls = false
[[journal.partners]]
name = "site"
secret_file = "{folder}/site.secret"
webhook = "https://site.example.org/hook"
"""


@pytest.fixture
def settings_file(tmp_path):
    """A site's settings, with a secret beside them."""
    (tmp_path / "site.secret").write_text("secret of the site\n")

    def write(text=SETTINGS, port=25):
        path = tmp_path / "journal.toml"
        path.write_text(text.format(folder=tmp_path, port=port), encoding="utf-8")
        return path

    return write


A_CALL = (
    CallAccepted(MONDAY, "c1", "kem", "+79161234567", MONDAY, 0),
    CallAnswered(MONDAY + 5, "c1", "kem", 1, "101", 5.0),
)


class Floor:
    """A centre without calls, with a clock that the test sets."""

    def __init__(self):
        self.at = MONDAY
        self.engine = QueueEngine(1)

    def now(self):
        """The test's instant."""
        return self.at

    def live(self):
        """The figures of this moment."""
        return LiveFigures(Standard(), UTC).snapshot(self.at)

    def post(self, item):
        """Hand an input to the engine."""
        self.engine.handle(item, self.at)


@asynccontextmanager
async def running(path):
    """Run the journal of a settings file."""
    settings = load_settings(path)
    await asyncio.to_thread(upgrade, settings.database)
    facts = []
    floor = Floor()
    async with records_in(path.parent) as records:
        journal = JournalRuntime(settings, floor, records.url, facts.append)
        journal.floor, journal.facts, journal.records = floor, facts, records
        await journal._feed.catch_up()
        task = asyncio.create_task(journal.run())
        try:
            yield journal
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def test_a_call_becomes_a_card_and_a_breach_becomes_a_letter(settings_file, mailbox):  # noqa: F811 - the fixture
    """From the engine's fact to the card, and from the limit to the supervisor's mail, without anybody asking."""
    arrived = asyncio.Event()
    loop = asyncio.get_running_loop()
    take = mailbox.handle_DATA

    async def took(*args):
        answer = await take(*args)
        loop.call_soon_threadsafe(arrived.set)
        return answer

    mailbox.handle_DATA = took
    async with running(settings_file(port=mailbox.port)) as journal:
        await journal.records.put(*A_CALL)
        await journal._feed.catch_up()
        card = await journal.journal.cards.by_call("c1")
        assert (card.channel, card.caller) == (Channel.TELEPHONE, "+79161234567")
        journal.floor.at = MONDAY + 30 * 60 + 5
        # Any change wakes the watch; the urgent card's time to register is over by then.
        who = Person("administrator", "А", Role.ADMINISTRATOR, "kemerovo-support")
        await journal.journal.open_by_hand(who, Channel.PAPER, {"urgency": Urgency.VERY_HIGH}, MONDAY)
        async with asyncio.timeout(30):
            await arrived.wait()
    assert mailbox.letters[0].rcpt_tos == ["head@example.org"]


async def test_its_routes_are_mounted_and_answer(settings_file):
    """The desk asks for a login, the exchange for a signature."""
    async with running(settings_file()) as journal:
        site = Starlette(routes=[Mount("/desk", routes=journal.desk), Mount("/exchange", routes=journal.exchange)])
        async with httpx.AsyncClient(transport=httpx.ASGITransport(site), base_url="http://x") as client:
            assert (await client.get("/desk/journal")).headers["location"] == "/desk/login"
            assert (await client.get("/desk/static/desk.css")).status_code == 200
            assert (await client.post("/exchange/appeals", content=b"{}")).status_code == 401
            described = (await client.get("/exchange/openapi.json")).json()
            assert set(described["paths"]) == {"/exchange/appeals", "/exchange/appeals/{number}", "/desk/login"}


async def test_it_is_served_on_its_own_address(settings_file):
    """Reached by its port, and gone afterwards; the streams of open pages end with it."""
    path = settings_file(SETTINGS.replace("lines =", "listen_port = 0\nlines ="))
    async with records_in(path.parent) as records, serving(load_settings(path), Floor(), records.url) as journal:
        address = f"http://127.0.0.1:{journal.port}"
        people = People(open_journal(load_settings(path).database))
        who = Person("anna", "Анна", Role.ADMINISTRATOR, "kemerovo-support")
        await people.put(who, await asyncio.to_thread(hash_password, PASSWORD))
        await people._engine.dispose()
        client = httpx.AsyncClient(base_url=address, trust_env=False, timeout=30)
        assert (await client.get("/")).headers["location"] == "/desk/"
        await client.post("/desk/login", data={"login": "anna", "password": PASSWORD})
        async with client.stream("GET", "/desk/events") as events:
            lines = events.aiter_lines()
            assert await anext(lines) == "retry: 2000"
            journal.end_streams()
            assert "event: reload" in [line async for line in lines]
    with pytest.raises(httpx.ConnectError):
        await client.get("/")
    await client.aclose()


async def test_it_follows_the_daemons_facts(settings_file):
    """Beside the daemon it hears of each fact by the log of events and reads it from the records: a card is there."""
    path = settings_file(SETTINGS.replace("lines =", "listen_port = 0\nlines ="))
    database = load_settings(path).database
    async with records_in(path.parent) as records:
        floor = Floor()
        floor.events = EventLog("run", lambda: 2)
        floor.appeals = AppealLine(str)
        floor.publisher, floor.transfers = None, SimpleNamespace(asking=Asking())
        floor.config = SimpleNamespace(database=SimpleNamespace(url=records.url))
        with capture_logs() as told:
            task = asyncio.create_task(keep_beside(path, floor))
            async with asyncio.timeout(60):
                while not any(entry["event"] == "journal.begins" for entry in told):  # noqa: ASYNC110 - a log tells nobody
                    await asyncio.sleep(0)
                await records.put(*A_CALL, run="run")
                floor.events.take(A_CALL[1])
                engine = open_journal(database)
                while (card := await Cards(engine).by_call("c1")) is None:  # noqa: ASYNC110 - nor does a database
                    await asyncio.sleep(0)
        assert card.running == 1
        assert (await floor.appeals.journal.tell(card.number.keys)).number == card.number
        await engine.dispose()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_what_is_wrong_with_it_does_not_end_the_daemon(tmp_path):
    """A missing settings file is logged, and that is all."""
    await keep_beside(tmp_path / "none.toml", Floor())


def test_settings_are_read_with_their_secrets(settings_file):
    """The calendar's overrides, the profile's rules and the partners' secrets are there."""
    settings = load_settings(settings_file())
    rules = settings.rules()
    assert rules.work.calendar.overrides == {date(2026, 11, 23): DayOverride.OFF}
    assert settings.partners[0].hook().partner.secret == "secret of the site"
    assert "secret of" not in repr(settings)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("kemerovo-support", "kemerovo"), "journal.profile"),
        (("[journal.calendar]", "zone = 'Nowhere/At_all'\n[journal.calendar]"), "journal.zone"),
        (('"off"', '"perhaps"'), "journal.calendar.2026-11-23"),
        (("https://site", "http://site"), "journal.partners.0.webhook"),
        (("lines =", "line ="), "journal.lines"),
        (("[journal]", "[journal"), "is no TOML"),
    ],
)
def test_mistakes_are_told_by_key(settings_file, change, told):
    """Every mistake names the file and the key."""
    path = settings_file(SETTINGS.replace(*change))
    with pytest.raises(SettingsError) as refused:
        load_settings(path)
    assert told in str(refused.value)
    assert "journal.toml" in str(refused.value)


def test_what_cannot_be_read_is_told(settings_file, tmp_path):
    """A missing file and a missing or empty secret."""
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path / "none.toml")
    settings = load_settings(settings_file())
    (tmp_path / "site.secret").write_text("")
    with pytest.raises(ValueError, match="is empty"):
        settings.partners[0].partner()
    (tmp_path / "site.secret").unlink()
    with pytest.raises(ValueError, match="cannot be read"):
        settings.partners[0].partner()


def test_a_service_that_works_every_day_has_no_days_off(settings_file):
    """Saratov's line is open on holidays; the site's own time zone goes before the profile's."""
    text = SETTINGS.replace("kemerovo-support", "saratov-122").replace("lines =", 'zone = "Europe/Samara"\nlines =')
    rules = load_settings(settings_file(text)).rules()
    assert isinstance(rules.work.calendar, EveryDay)
    assert str(rules.work.zone) == "Europe/Samara"


def test_the_first_administrator_is_admitted_on_the_command_line(settings_file, capsys):
    """The schema is prepared, a short password is refused, then somebody can log in."""
    path = str(settings_file())
    assert run(["journal", "prepare", path]) == ExitCode.OK
    with pytest.raises(CommandFailed, match="needs 12 characters"):
        CliRunner().invoke(journal, ["admit", path, "Anna", "Анна"], input="x\nx\n", catch_exceptions=False)
    done = CliRunner().invoke(journal, ["admit", path, "Anna", "Анна"], input=f"{PASSWORD}\n{PASSWORD}\n")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "anna: administrator")
    assert run(["journal", "prepare", path + "x"]) == ExitCode.WRONG
    assert "cannot be read" in capsys.readouterr().err


def test_a_database_that_is_none_is_told(settings_file):
    """The command line says so in one line."""
    path = settings_file(SETTINGS.replace("sqlite:///", "mysql://"))
    assert run(["journal", "prepare", str(path)]) == ExitCode.DATABASE
    with pytest.raises(RecordsUnusable):
        JournalRuntime(load_settings(path), Floor(), "sqlite://")
