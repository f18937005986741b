"""What is read from the running centre at the moment of the scrape: who waits, who is free, what is up."""

import asyncio
from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from acd.control.callbacks import oldest_due_in_s
from acd.control.centre import Centre, Health
from acd.publish.health import BrokerHealth
from acd.standard import standard_of
from metrics.live import LiveSnapshot
from queue_engine.facts import AgentState


class Gauged(Collector):
    """Reads the centre when it is asked."""

    def __init__(self, centre: Centre, broker: Callable[[], BrokerHealth | None]) -> None:
        self._centre = centre
        self._broker = broker

    def describe(self) -> Iterator[Metric]:
        """Say nothing before the centre runs."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges of this moment."""
        yield from self._lines(self._centre.live())
        yield from _states(self._centre.live())
        yield from _health(self._centre.health())
        yield _one("acd_loop_lag_seconds", "How late the event loop has been in the last seconds", self._centre.lag_s)
        yield _one("acd_tasks", "Tasks of the event loop", len(asyncio.all_tasks()))
        yield from self._callbacks()
        broker = self._broker()
        if broker is not None:
            yield _one("acd_broker_up", "1 while the MQTT broker is connected", broker.up)
            yield _one("acd_broker_waiting", "Messages that wait for the MQTT broker", broker.waiting)
            dropped = CounterMetricFamily("acd_broker_dropped", "Messages dropped while the MQTT broker was away")
            dropped.add_metric([], broker.dropped)
            yield dropped

    def _callbacks(self) -> Iterator[Metric]:
        snapshot = self._centre.callbacks.snapshot()
        yield _one("acd_callbacks_owed", "Call-backs whose caller is not being spoken to", snapshot.owed)
        due = GaugeMetricFamily("acd_callback_due_seconds", "Until the nearest limit of a first attempt, <0 when late")
        due_in_s = oldest_due_in_s(snapshot, self._centre.now())
        if due_in_s is not None:
            due.add_metric([], due_in_s)
        yield due

    def _lines(self, live: LiveSnapshot) -> Iterator[Metric]:
        standard = standard_of(self._centre.config)
        now = self._centre.now()
        waiting = GaugeMetricFamily("acd_waiting", "Callers waiting", labels=["line"])
        talking = GaugeMetricFamily("acd_talking", "Calls in a talk", labels=["line"])
        longest = GaugeMetricFamily("acd_longest_wait_seconds", "Wait of who entered first", labels=["line"])
        share = GaugeMetricFamily("acd_share_in_norm_today", "K1 of today, 0 to 1", labels=["line"])
        target = GaugeMetricFamily("acd_norm_wait_seconds", "Normative wait", labels=["line"])
        maximum = GaugeMetricFamily("acd_norm_max_wait_seconds", "Maximum wait", labels=["line"])
        wanted = GaugeMetricFamily("acd_norm_share", "K1 must be at least this, 0 to 1", labels=["line"])
        for line in live.lines:
            norms = standard.of(line.queue)
            waiting.add_metric([line.queue], line.waiting)
            talking.add_metric([line.queue], line.talking)
            longest.add_metric([line.queue], line.longest_wait_s(now))
            target.add_metric([line.queue], norms.target_wait_s)
            maximum.add_metric([line.queue], norms.max_wait_s)
            wanted.add_metric([line.queue], norms.in_norm_share)
            if line.in_norm is not None:
                share.add_metric([line.queue], line.in_norm)
        yield from (waiting, talking, longest, share, target, maximum, wanted)


def _states(live: LiveSnapshot) -> Iterator[Metric]:
    agents = GaugeMetricFamily("acd_agents", "Operators by what they are doing", labels=["state"])
    for state in AgentState:
        agents.add_metric([state.value], live.agents_by_state.get(state, 0))
    yield agents


def _health(health: Health) -> Iterator[Metric]:
    ami = GaugeMetricFamily("acd_ami_up", "1 while the AMI link to the server is up", labels=["server"])
    for server in health.servers:
        ami.add_metric([server.server], server.up)
    yield ami
    yield _one("acd_agi_listening", "1 while calls are taken up over FastAGI", health.agi_listening)
    yield _one("acd_agi_sessions", "Callers held by a FastAGI session", health.agi_sessions)
    yield _one("acd_database_up", "1 while the records can be written", health.database_up)
    yield _one("acd_spool_bytes", "Facts that wait in the spool file for the database", health.spooled)
    yield _one("acd_facts_held", "Facts in memory because the spool file cannot be written", health.held)
    yield _one("acd_facts_lost", "Facts lost since the start because memory was full too", health.lost)
    yield _one("acd_facts_set_aside", "Facts that the database refuses for what they say", health.set_aside)
    yield _one("acd_draining", "1 while the daemon is stopping", health.draining)
    yield _one("acd_started_timestamp_seconds", "When the daemon started, seconds since the epoch", health.started_at)


def _one(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(name, told, value=float(value))
