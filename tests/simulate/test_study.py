"""Studies: replications over processes, and the report of them."""

import json
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from acd.cli.main import run
from acd.simulate.report import jackknife, simulation_report
from acd.simulate.study import Study, Workers, replications
from metrics.counts import CallCounts
from metrics.kpi import service_level
from metrics.norms import ServiceLevelRule
from metrics.reports.model import Report
from metrics.reports.render import Format, render
from tests.simulate.site import SCENARIO, SITE, config, scenario, site

NOW = datetime(2026, 11, 22, 12, tzinfo=ZoneInfo("Europe/Saratov"))
RUNS = 4


@pytest.fixture
def study(tmp_path) -> Study:
    """Return a study of the small morning."""
    return Study(config(tmp_path), scenario("[call_backs]\n"))


CALLS_BACK = """
[[trunk]]
name = "city"
address = "192.0.2.1"
match = ["192.0.2.1"]

[line.callback]
trunk = "city"
breaks = ["connection_lost"]
attempts = 3
"""


def owed(directory, more: str) -> int:
    """Return how many call-backs a morning owes on a site that calls back broken talks alone, and no talk breaks."""
    text = SITE.replace('\n[[line]]\nname = "second"', CALLS_BACK + '\n[[line]]\nname = "second"')
    return Study(config(directory, text), scenario(f"[call_backs]\n{more}")).run(0).call_backs.owed


def test_call_backs_follow_the_lines_own_rules(study, tmp_path):
    """Whom the configuration does not call back is not called back in the simulation, unless the scenario asks."""
    assert study.run(0).call_backs.owed > 0
    assert owed(tmp_path, "") == 0
    assert owed(tmp_path, "after_leaving = true\n") > 0


def report_of(study: Study, wanted: int = RUNS) -> Report:
    """Return the report of a few runs."""
    outcomes = list(replications(study, RUNS, Workers(1)))
    return simulation_report(study, outcomes, wanted=wanted, made_at=NOW, language="ru")


def test_processes_change_nothing(study):
    """Two processes give the replications of one, in their order."""
    with Workers(2) as two:
        assert list(replications(study, 3, two)) == list(replications(study, 3, Workers(1)))


def test_replications_differ_and_lose_nothing(study):
    """Each replication is a day of its own, of about a hundred calls, all of which end."""
    outcomes = list(replications(study, RUNS, Workers(1)))
    assert len({outcome.came for outcome in outcomes}) > 1
    assert all(outcome.came == outcome.went for outcome in outcomes)
    assert 60 < sum(outcome.total.accepted for outcome in outcomes) / RUNS < 180


def test_the_report_adds_up(study):
    """Indicators with bounds and verdicts, eight quarters, waits, call-backs; the sums agree."""
    report = report_of(study)
    figures = {row[1]: row for row in report.table("simulated_figures").rows}
    assert set(figures) > {"K1", "K2", "K7", "accepted", "waited_p90", "occupancy"}
    value, low, high = (figures["K1"][place].value for place in (2, 3, 4))
    assert low <= value <= high
    slots = [row for row in report.table("by_interval").rows if row[1] > 0]
    assert sum(row[1] for row in slots) == pytest.approx(figures["accepted"][2].value, abs=1)
    waits = report.table("waits_of_answered").rows
    assert sum(row[2] for row in waits) == pytest.approx(figures["answered"][2].value, abs=1)
    assert report.table("call_backs_of_a_run").rows[0][1] > 0


@pytest.mark.parametrize("format_", Format)
@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_format_shows_it(study, format_, language):
    """No word is missing from the catalogue: no key of ours is shown as it is."""
    shown = render(report_of(study, wanted=9), format_, language)
    assert shown
    if format_ in {Format.TABLE, Format.CSV}:
        text = shown.decode("utf-8-sig")
        assert not [key for key in ("simulated_figures", "half_width", "waits_of_answered", "at_work") if key in text]


def test_bounds_of_a_share_hold_for_every_reading():
    """Leaving one run out at a time: equal runs leave no doubt, a single one says nothing of its error."""
    days = [CallCounts(accepted=100, answered=95, answered_in_norm=90)] * 5
    found = jackknife(days, lambda counts: service_level(counts, ServiceLevelRule.ANSWERED_ONLY), 0.95)
    assert (found.value, found.half_width) == pytest.approx((90 / 95, 0.0))
    assert jackknife(days[:1], lambda counts: service_level(counts, ServiceLevelRule.ANSWERED_ONLY), 0.95).high > 1
    assert jackknife([CallCounts()], lambda counts: service_level(counts, ServiceLevelRule.ANSWERED_ONLY), 0.95) is None


def acd(capfdbinary, *arguments: str) -> tuple[int, str, str]:
    """Run a command; return exit code, output and complaints."""
    code = run([*arguments])
    told = capfdbinary.readouterr()
    return code, told.out.decode(), told.err.decode()


def test_command_simulates(tmp_path, capfdbinary):
    """A scenario's file on a site's file, as JSON: the figures of the report; the same seed says the same."""
    path, file = site(tmp_path), tmp_path / "morning.toml"
    file.write_text(SCENARIO, encoding="utf-8")
    command = ("simulate", str(file), "--config", str(path), "--runs", "2", "--processes", "1", "--format", "json")
    code, out, _ = acd(capfdbinary, "--lang", "en", *command)
    made = json.loads(out)
    assert (code, made["report"]) == (0, "simulation")
    assert made["notes"][0] == "Scenario: A small morning."
    again = json.loads(acd(capfdbinary, "--lang", "en", *command)[1])
    assert again["tables"] == made["tables"]


def test_command_draws_the_charts(tmp_path, capfdbinary):
    """The charts alone, as one picture."""
    picture = tmp_path / "charts.svg"
    file = tmp_path / "morning.toml"
    file.write_text(SCENARIO, encoding="utf-8")
    options = ("--runs", "1", "--operators", "5", "--format", "svg", "--output", str(picture))
    code, _, _ = acd(capfdbinary, "simulate", str(file), "--config", str(site(tmp_path)), *options)
    assert code == 0
    assert picture.read_text(encoding="utf-8").count("<svg") == 1


def test_command_lists_what_there_is(capfdbinary):
    """The ready scenarios with their titles."""
    code, out, _ = acd(capfdbinary, "--lang", "en", "simulate", "--list")
    assert code == 0
    assert "sakhalin-monday\tSakhalin 1300 on a Monday morning" in out


def test_command_tells_mistakes(tmp_path, capfdbinary):
    """A scenario that is none, and a line that is none, in plain words."""
    code, _, told = acd(capfdbinary, "--lang", "en", "simulate", "no-such", "--config", str(site(tmp_path)))
    assert code == 2
    assert "sakhalin-monday" in told
    file = tmp_path / "other.toml"
    file.write_text(SCENARIO.replace("[[traffic]]", "[[traffic]]\nline = 'other'"), encoding="utf-8")
    code, _, told = acd(capfdbinary, "--lang", "en", "simulate", str(file), "--config", str(site(tmp_path)))
    assert code == 2
    assert "line-122, second" in told
