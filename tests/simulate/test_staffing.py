"""The staffing plan: enough everywhere, one fewer is not, and repeatable."""

import json
from dataclasses import replace
from datetime import datetime

import pytest

from acd.cli.main import run
from acd.simulate import staffing
from acd.simulate.durations import Exponential
from acd.simulate.staffing import Search, guess, keeps, plan
from acd.simulate.staffing_report import staffing_report
from acd.simulate.study import Study
from metrics.counts import CallCounts
from metrics.erlang import fewest_operators
from metrics.norms import Standard
from metrics.reports.render import Format, render
from tests.simulate.site import SCENARIO, config, scenario, site

NORMS = {"within_s": 60.0, "in_norm": 0.9, "unanswered": 0.05}
RUNS = 12
PATIENCE_S = 900.0


@pytest.fixture(scope="module")
def search(tmp_path_factory) -> Search:
    """Return what is asked: the first hour of the small morning, and a quarter of an hour before anybody calls."""
    patient = scenario().traffic[0].model_copy(update={"patience": Exponential(kind="exponential", mean_s=PATIENCE_S)})
    hour = scenario().model_copy(update={"begin": "07:45", "end": "09:00", "traffic": (patient,)})
    return Search(Study(config(tmp_path_factory.mktemp("site")), hour), RUNS)


@pytest.fixture(scope="module")
def planned(search):
    """Return the plan and the last look at it."""
    return plan(search)


def test_the_guess_is_that_of_the_formulas(search):
    """Erlang A and C of each quarter, handling with the time until the operator picks up."""
    found = guess(search.study)
    assert [each.calls for each in found] == [0.0, 10.0, 10.0, 10.0, 10.0]
    assert (found[0].erlang_a, found[0].erlang_c) == (0, 0)
    assert found[1].erlang_c == fewest_operators(10 / 900, 93.0, None, **NORMS)
    assert found[1].erlang_a == fewest_operators(10 / 900, 93.0, PATIENCE_S, **NORMS)


def test_the_plan_keeps_the_norms_with_unseen_callers(planned):
    """No quarter is broken in the last look, which ran with callers of another seed."""
    found, confirmed = planned
    assert confirmed.broken == ()
    assert confirmed.runs == RUNS
    assert len(found) == 5


def test_nobody_works_before_anybody_calls_and_few_when_they_do(planned):
    """No operators without calls; with them not fewer than the load, and not many more than the formulas."""
    found, _ = planned
    assert found[0].operators == 0
    assert all(1.04 < each.operators <= 3 * each.erlang_c for each in found[1:])


def test_fewer_operators_break_the_norms(search, planned):
    """Half of the plan does not keep the norms: the search did not stop too high by that much."""
    halved = [replace(each, operators=each.operators // 2) for each in planned[0]]
    assert staffing.confirm(search, halved).broken


def test_the_same_seed_gives_the_same_plan(search, planned):
    """To the last operator."""
    assert plan(search)[0] == planned[0]


def test_what_no_operators_can_mend_is_told(search, tmp_path):
    """A greeting longer than the normative wait: the search ends, and names the quarters."""
    traffic = search.study.scenario.traffic[0].model_copy(update={"greeting_s": 70.0})
    greeted = search.study.scenario.model_copy(update={"traffic": (traffic,), "begin": "08:30"})
    found, confirmed = plan(Search(Study(config(tmp_path), greeted), 2))
    assert confirmed.broken == tuple(each.begin for each in found)


def test_keeping_is_a_matter_of_certainty():
    """Exactly at the norm is not certain; above it is; nothing at all breaks nothing; one over the maximum does."""
    standard = Standard()
    at_norm = [CallCounts(accepted=50, answered=49, answered_in_norm=in_norm) for in_norm in (43, 47, 45, 45)]
    well = [CallCounts(accepted=50, answered=50, answered_in_norm=50)] * 4
    assert not keeps(at_norm, standard, None, 0.9)
    assert keeps(well, standard, None, 0.9)
    assert keeps([CallCounts()] * 4, standard, None, 0.9)
    assert not keeps([*well[1:], replace(well[0], over_maximum=1)], standard, None, 0.9)


@pytest.mark.parametrize("format_", Format)
def test_the_plan_is_shown_in_every_format(search, planned, format_):
    """Table, JSON, CSV, XLSX, HTML and PDF, with the formulas beside it."""
    made_at = datetime.fromtimestamp(planned[0][0].begin, search.study.zone)
    report = staffing_report(search, *planned, made_at=made_at)
    assert render(report, format_, "ru")
    total = report.table("staffing").total
    assert total[2] == sum(each.operators for each in planned[0])


def test_command_plans(tmp_path, capfdbinary):
    """A scenario in, a plan out."""
    file = tmp_path / "morning.toml"
    file.write_text(SCENARIO.replace("10:00", "08:30"), encoding="utf-8")
    options = ("--config", str(site(tmp_path)), "--runs", "10", "--processes", "1", "--format", "json")
    code = run(["--lang", "en", "plan", "staffing", str(file), *options])
    made = json.loads(capfdbinary.readouterr().out)
    assert (code, made["report"]) == (0, "staffing")
    table = next(table for table in made["tables"] if table["name"] == "staffing")
    assert all(row["operators"] >= row["erlang_a"] for row in table["rows"])
