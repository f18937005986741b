"""What Prometheus scrapes: counts, norms as borders, health, and who may ask."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from re import findall
from types import SimpleNamespace

import httpx
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from acd.control.access import Identity, Role
from acd.control.app import build_app
from acd.control.server import ControlServer
from acd.meters.counted import Counted, borders
from acd.meters.gauged import Gauged
from acd.publish.health import BrokerHealth
from acd.standard import standard_of
from callback.inputs import CallbackAsked, CallbackClosed
from callback.kinds import Origin
from queue_engine.ids import AgentId, CallId, Instant, QueueName
from queue_engine.inputs import AgentPaused, CallerHungUp, OfferFailed, Party, QuestioningMarked, RingFailure, TalkEnded
from tests.acd.stage import HOST, LINE, Stage, Tokens, write_site

DOCS = Path(__file__).parents[3] / "docs"
Values = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@asynccontextmanager
async def metered(stage: Stage, who: Role | None = Role.READ_ONLY) -> AsyncIterator[SimpleNamespace]:
    """Serve the stage with its meters; a way to scrape."""
    tokens, registry = Tokens(), CollectorRegistry()
    counted = Counted(standard_of(stage.config), registry)
    stage.sinks.append(counted.see)
    gauges = Gauged(stage, lambda: BrokerHealth(up=True, waiting=2, dropped=3))
    server = ControlServer(build_app(stage, tokens, meters=(registry, gauges)), HOST, 0)
    await server.start()
    token = "" if who is None else tokens.make(Identity("prometheus", who, AgentId("101")))
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient(base_url=f"http://{HOST}:{server.port}", headers=headers, trust_env=False) as client:

        async def scrape() -> httpx.Response:
            return await client.get("/metrics")

        yield SimpleNamespace(scrape=scrape, counted=counted)
    await server.close()


def values(answer: httpx.Response) -> Values:
    """Return the samples by name and labels."""
    families = text_string_to_metric_families(answer.text)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


async def test_a_day_in_small_is_counted(stage):
    """An answered call, an abandoned one, a missed offer: counters, histograms and gauges agree with what happened."""
    async with metered(stage) as meters:
        stage.log_in()
        call = stage.call()
        stage.post(OfferFailed(stage.offers[-1].rings[0].offer, RingFailure.NO_ANSWER))
        stage.at = Instant(stage.at + 60)
        stage.log_in("102")
        stage.answer()
        stage.at = Instant(stage.at + 30)
        stage.post(TalkEnded(call, Party.CALLER))
        stage.post(CallerHungUp(call))
        for agent in ("101", "102"):
            stage.post(AgentPaused(AgentId(agent), "lunch", "test"))
        stage.call(name="main-2.1")
        stage.at = Instant(stage.at + 7)
        stage.post(CallerHungUp(CallId("main-2.1")))
        stage.call(name="main-3.1")
        stage.at = Instant(stage.at + 11)
        meters.counted.stepped(0.0002)
        told = values(await meters.scrape())
    line = ("line", LINE)
    assert told["acd_calls_accepted_total", (line,)] == 3
    assert told["acd_calls_total", (line, ("outcome", "answered"))] == 1
    assert told["acd_calls_total", (line, ("outcome", "abandoned"))] == 1
    assert told["acd_offers_total", (line, ("result", "no_answer"))] == 1
    assert told["acd_offers_total", (line, ("result", "answered"))] == 1
    assert told["acd_wait_seconds_bucket", (("le", "60.0"), line, ("outcome", "answered"))] == 1
    assert told["acd_wait_seconds_bucket", (("le", "45.0"), line, ("outcome", "answered"))] == 0
    assert told["acd_talk_seconds_sum", (line,)] == 30
    assert told["acd_waiting", (line,)] == 1
    assert told["acd_longest_wait_seconds", (line,)] == 11
    assert told["acd_agents", (("state", "paused"),)] == 2
    assert told["acd_share_in_norm_today", (line,)] == 0.5
    assert told["acd_norm_wait_seconds", (line,)] == 60
    assert told["acd_ami_up", (("server", "main"),)] == 1
    assert told["acd_database_up", ()] == 1
    assert told["acd_broker_dropped_total", ()] == 3
    assert told["acd_engine_step_seconds_count", ()] == 1


async def test_questioning_and_call_backs_are_counted(stage):
    """A talk is divided at the operator's mark, one without a mark is in neither half; who is owed a call shows."""
    async with metered(stage) as meters:
        stage.log_in()
        for number, mark in enumerate((True, False)):
            call = stage.call(name=f"main-{number}.1")
            stage.answer()
            stage.at = Instant(stage.at + 40)
            if mark:
                stage.post(QuestioningMarked(AgentId("101"), "key"))
            stage.at = Instant(stage.at + 25)
            stage.post(CallerHungUp(call))
        row = stage.callbacks.ask(CallbackAsked(QueueName(LINE), "+78452123456", "web", Origin.BREAK))
        owed = values(await meters.scrape())
        stage.callbacks.handle(CallbackClosed(row.request, "chief"))
        for fact in stage.callbacks.facts:
            meters.counted.see(fact)
        told = values(await meters.scrape())
    line = ("line", LINE)
    assert (told["acd_questioning_seconds_count", (line,)], told["acd_questioning_seconds_sum", (line,)]) == (1, 40)
    assert (told["acd_advising_seconds_count", (line,)], told["acd_advising_seconds_sum", (line,)]) == (1, 25)
    assert told["acd_questioning_seconds_bucket", (("le", "180.0"), line)] == 1
    assert owed["acd_callbacks_owed", ()] == 1
    assert 0 < owed["acd_callback_due_seconds", ()] <= 15
    assert told["acd_callbacks_owed", ()] == 0
    assert ("acd_callback_due_seconds", ()) not in told
    assert told["acd_callbacks_ended_total", (line, ("result", "done"))] == 1


def test_norms_are_borders():
    """A norm that is no usual border becomes one; none stands twice."""
    assert borders((10.0, 60.0), (60.0, 40.0)) == (10.0, 40.0, 60.0)


async def test_nobody_scrapes_without_a_token(stage):
    """By default a token is asked for, on loopback too; an operator's does not do."""
    async with metered(stage, None) as meters:
        assert (await meters.scrape()).status_code == 401
    async with metered(stage, Role.OPERATOR) as meters:
        assert (await meters.scrape()).status_code == 403


async def test_loopback_goes_without_a_token_where_that_is_configured(tmp_path):
    """`control.metrics = "loopback"` is for a Prometheus on the same machine."""
    path = write_site(tmp_path)
    text = path.read_text(encoding="utf-8").replace("[control]\n", '[control]\nmetrics = "loopback"\n')
    path.write_text(text, encoding="utf-8")
    async with metered(Stage(path), None) as meters:
        assert (await meters.scrape()).status_code == 200


@pytest.mark.parametrize("name", ["grafana-dashboard.json", "alerts.yml"])
async def test_dashboard_and_alerts_ask_for_what_there_is(stage, name):
    """Every name in the dashboard and in the alerts is told at /metrics."""
    async with metered(stage) as meters:
        answer = await meters.scrape()
    told = {family.name for family in text_string_to_metric_families(answer.text)}
    text = (DOCS / name).read_text(encoding="utf-8")
    if name.endswith(".json"):
        text = " ".join(target["expr"] for panel in json.loads(text)["panels"] for target in panel["targets"])
    asked = {asked for line in text.splitlines() for asked in findall(r"\bacd_[a-z_]+", line)}
    suffixes = ("", "_total", "_bucket", "_sum", "_count")
    assert asked
    assert {each for each in asked if not any(each == known + end for known in told for end in suffixes)} == set()
