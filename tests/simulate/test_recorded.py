"""What was recorded comes back: habits from rows, a tape under other rules, forecasts from a database."""

import asyncio
import json
from dataclasses import replace
from datetime import date, datetime
from random import Random
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert

from acd.cli.main import run
from acd.simulate.durations import Exponential, Lognormal
from acd.simulate.recorded import habits_of, incoming, read_tape, scenario_of
from acd.simulate.replaying import Replay, recorded_figures
from acd.simulate.scenario import QUARTERS, Redial
from acd.simulate.study import Study, Workers, generators
from acd.tape import TapeWriter
from config.load import load_config
from metrics.counts import CallCounts
from metrics.records import tables
from metrics.records.database import open_engine, upgrade
from metrics.records.derive_calls import call_after
from metrics.records.rows import CallRow
from metrics.reports.periods import days
from queue_engine.engine import QueueEngine, Step
from queue_engine.facts import AgentStateChanged
from queue_engine.ids import Instant
from queue_engine.inputs import Input
from tests.simulate.site import SCENARIO, SITE, config, scenario, site

ZONE = ZoneInfo("Europe/Saratov")
HOLIDAY = 30
"""So many days after 5 October lies 4 November."""


class Taping:
    """An engine whose inputs go on a tape."""

    def __init__(self, tape: TapeWriter) -> None:
        self._engine, self._tape = QueueEngine(1), tape
        self.next_deadline, self.snapshot = self._engine.next_deadline, self._engine.snapshot

    def handle(self, told: Input, now: Instant) -> Step:
        """Take an input and note it."""
        self._tape.took(told, now)
        return self._engine.handle(told, now)

    def advance(self, now: Instant) -> Step:
        """Let time pass and note it."""
        self._tape.ticked(now)
        return self._engine.advance(now)


@pytest.fixture
def tape(tmp_path):
    """Return the tape of a small morning with two operators, too few."""
    path = tmp_path / "day.tape"
    crew = scenario("[[shift]]\noperators = ['101', '102']\nbegin = '07:30'\nend = '10:30'\n")
    world = Study(config(tmp_path), crew).world(0)
    with TapeWriter(path, 1) as writer:
        world._engine = Taping(writer)
        world._handle = world._engine.handle
        world.run()
    return path


def rows_of(study: Study, runs: int = 6) -> list[CallRow]:
    """Return the rows of a few runs, as the records would derive them."""
    rows: dict[str, CallRow] = {}
    for seed in range(runs):

        def see(fact, seed=seed):
            if isinstance(fact, AgentStateChanged):
                return
            key = f"{seed} {fact.call}"
            row = call_after(rows.get(key), fact)
            if row is not None:
                rows[key] = row

        replace(study, seed=seed).world(0, see).run()
    return [row._replace(call=key) for key, row in rows.items()]


@pytest.fixture(scope="module")
def busy_study(tmp_path_factory) -> Study:
    """Return a study in which many give up and call again."""
    traffic = (
        scenario()
        .traffic[0]
        .model_copy(
            update={
                "calls": tuple(150.0 if hour in (8, 9) else 0.0 for hour in range(24)),
                "patience": Exponential(kind="exponential", mean_s=60.0),
                "redial": Redial(share=0.5, after=Exponential(kind="exponential", mean_s=120.0), times=20),
            }
        )
    )
    found = scenario("[[shift]]\noperators = 5\n").model_copy(update={"traffic": (traffic,)})
    return Study(config(tmp_path_factory.mktemp("site")), found)


@pytest.fixture(scope="module")
def busy_rows(busy_study) -> list[CallRow]:
    """Return its rows."""
    return rows_of(busy_study)


def test_habits_are_found_again(busy_rows):
    """Talks lognormal of mean 90 s, patience of mean 60 s, half of the unserved calling again."""
    own = [row for row in incoming(busy_rows) if row.queue == "line-122"]
    # Each run is a day of its own: one number stands for six people.
    one_day = [row for row in own if row.call.startswith("0 ")]
    found = habits_of(own, "line-122", [0.0] * 24)
    assert isinstance(found.talk, Lognormal)
    assert found.talk.mean_s == pytest.approx(90.0, rel=0.1)
    assert found.patience.mean_s == pytest.approx(60.0, rel=0.1)
    assert habits_of(one_day, "line-122", [0.0] * 24).redial.share == pytest.approx(0.5, abs=0.15)


def test_the_mean_week_has_the_calls_of_the_records(busy_rows):
    """One Monday of records: its quarters without the repeat calls, nothing on other days."""
    one_day = [row for row in busy_rows if row.call.startswith("0 ")]
    monday = days(date(2026, 11, 23), date(2026, 11, 23), ZONE)
    found = scenario_of(one_day, monday, date(2026, 11, 30), 2)
    line = next(traffic for traffic in found.traffic if traffic.line == "line-122")
    assert found.days == 2
    assert sum(line.calls[QUARTERS:]) == 0
    assert sum(line.calls) == pytest.approx(300, rel=0.25)
    assert scenario_of([], monday, date(2026, 11, 30), 1) is None


def test_a_tape_tells_the_day(tape, tmp_path):
    """Every call with its end, the operators' comings, how soon they picked up."""
    day = read_tape(tape)
    figures = {figure.name: figure.value for figure in recorded_figures(day, config(tmp_path))}
    assert figures["accepted"] == len(day.rows) > 60
    assert len(day.answers_s) == figures["answered"]
    assert [type(told).__name__ for _, told in day.planned] == ["AgentLoggedIn"] * 2
    assert day.greeting_s["line-122"] == 0.0


def test_the_same_day_under_the_same_rules_is_much_the_same(tape, tmp_path):
    """The same calls come; about as many are answered after about the same wait as was recorded."""
    settings = config(tmp_path)
    day = read_tape(tape)
    replayed = Replay(day, settings, frozenset({"101", "102", "103"}))
    totals = [outcome.total for outcome in Workers(1).each(replayed.run, range(5))]
    recorded = {figure.name: figure.value for figure in recorded_figures(day, settings)}
    asked = sum(totals, CallCounts())
    came = sum(row.queue == "line-122" for row in day.rows)
    assert all(total.accepted - total.overflowed <= len(day.rows) for total in totals)
    assert min(total.accepted for total in totals) >= came
    assert asked.answered / 5 == pytest.approx(recorded["answered"], rel=0.1)
    assert asked.answered_waited_s / asked.answered == pytest.approx(recorded["waited_mean"], rel=0.35)


def test_two_operators_more_would_have_helped(tape, tmp_path):
    """The answer to the planner's question: more answered, sooner."""
    day, settings = read_tape(tape), config(tmp_path)
    known = frozenset({"101", "102", "103"})
    was, would = (Replay(day, settings, known, more).run(0).total for more in (0, 2))
    assert would.answered > was.answered
    assert would.answered_waited_s / would.answered < was.answered_waited_s / was.answered / 2


def test_command_replays_beside(tape, tmp_path, capfdbinary):
    """Recorded, replayed and replayed under a configuration with a third operator at work, in one table."""
    path = site(tmp_path)
    other = tmp_path / "other.toml"
    other.write_text(SITE.replace("103", "104"), encoding="utf-8")
    options = ("--with", str(other), "--runs", "2", "--processes", "1", "--format", "json")
    code = run(["--lang", "en", "--config", str(path), "replay", str(tape), *options])
    out = capfdbinary.readouterr().out
    assert code == 0
    made = json.loads(out)
    rows = {row["figure"]: row for row in made["tables"][0]["rows"]}
    assert rows["answered"]["with_other"]["value"] > rows["answered"]["as_it_was"]["value"]
    assert rows["accepted"]["recorded"]["value"] > 60


@pytest.fixture
def with_records(tmp_path):
    """Return a configuration whose records hold five weeks of small Mondays to Sundays."""
    url = f"sqlite:///{tmp_path}/acd.db"
    path = site(tmp_path, SITE + f'\n[database]\nurl = "{url}"\nspool = "{tmp_path}/spool"\n')
    upgrade(url)
    rng = Random(1)
    rows = []
    begin = datetime(2026, 10, 5, 9, tzinfo=ZONE).timestamp()
    for day in range(35):
        for number in range(30 if day % 7 < 5 and day != HOLIDAY else 8):
            at = begin + day * 86400.0 + rng.random() * 7200.0
            left = rng.random() < 0.2
            rows.append(
                CallRow(
                    f"c{day}-{number}",
                    "line-122",
                    "line-122",
                    f"+7927{day:03}{number:04}",
                    at,
                    answered_at=None if left else at + 10.0,
                    ended_at=at + 100.0,
                    outcome="abandoned" if left else "answered",
                    waited_s=10.0,
                    talked_s=None if left else rng.expovariate(1 / 90.0),
                )
            )

    async def write() -> None:
        engine = open_engine(url)
        async with engine.begin() as connection:
            await connection.execute(insert(tables.calls), [row._asdict() for row in rows])
        await engine.dispose()

    asyncio.run(write())
    return path


def test_command_forecasts(with_records, capfdbinary):
    """A week ahead: workdays like workdays, days off like days off, with the error on held-out weeks."""
    options = ("2026-11-09", "--days", "7", "--weeks", "5", "--config", str(with_records), "--format", "json")
    code = run(["--lang", "en", "forecast", *options])
    told = capfdbinary.readouterr()
    assert code == 0, told.err
    made = json.loads(told.out)
    by_name = {table["name"]: table for table in made["tables"]}
    expected_calls = [row["expected_calls"] for row in by_name["forecast_days"]["rows"]]
    assert expected_calls[:5] == pytest.approx([30.0] * 5, abs=1.0)
    assert expected_calls[5:] == pytest.approx([8.0] * 2, abs=2.0)
    assert by_name["forecast_errors"]["rows"][0]["error"] < 0.1


def test_command_simulates_recorded_callers(with_records, tmp_path, capfdbinary):
    """The callers of the records instead of the scenario's."""
    file = tmp_path / "morning.toml"
    file.write_text(SCENARIO.replace("10:00", "11:00"), encoding="utf-8")
    options = ("--from", "2026-10-05", "--to", "2026-11-08", "--runs", "2", "--processes", "1", "--format", "json")
    code = run(["--lang", "en", "simulate", str(file), "--config", str(with_records), *options])
    told = capfdbinary.readouterr()
    assert code == 0, told.err
    rows = {row["figure"]: row for row in json.loads(told.out)["tables"][0]["rows"]}
    assert rows["accepted"]["value"]["value"] == pytest.approx(30, abs=12)


def test_commands_without_records_say_so(tmp_path, capfdbinary):
    """No database, no day, no call: each is told in plain words, none is a traceback."""
    text = SITE + f'\n[database]\nurl = "sqlite:///{tmp_path}/none.db"\n'
    path = str(site(tmp_path, text))
    assert load_config(site(tmp_path, text), {}).database.url.endswith("none.db")
    assert run(["--lang", "en", "forecast", "--config", path]) == 5
    assert run(["--lang", "en", "forecast", "someday", "--config", path]) == 2
    assert run(["--lang", "en", "simulate", "--from", "2026-10-05", "--config", path]) == 5
    told = capfdbinary.readouterr().err.decode()
    assert "someday is no day" in told
    assert told.count("cannot be read") == 2


def test_generators_of_purposes_are_apart():
    """Another purpose, another replication, another seed: other numbers; the same of each: the same."""
    drawn = {generators(seed, run)(purpose).random() for seed in (1, 2) for run in (0, 1) for purpose in ("a", "b")}
    assert len(drawn) == 8
    assert generators(1, 0)("a").random() in drawn
