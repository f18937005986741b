"""Lines simple enough for a closed formula, served by the real engine."""

import itertools
from collections.abc import Callable
from random import Random

from acd.simulate.callers import stream
from acd.simulate.durations import Constant, Duration, Exponential
from acd.simulate.roster import by_numbers
from acd.simulate.scenario import Telephones, Traffic
from acd.simulate.setting import Setting
from acd.simulate.world import World
from metrics.norms import Norms, Standard
from queue_engine.facts import Fact
from queue_engine.ids import QueueName
from queue_engine.policy import JoinCondition, JoinRule, QueuePolicy

LINE = QueueName("122")
START = 1_795_392_000.0
FOR_EVER_S = 1e9
AT_ONCE = Telephones(answer=Constant(mean_s=0.0))


def seeded(seed: int) -> Callable[[str], Random]:
    """Return what makes a generator for each purpose."""
    return lambda purpose: Random(f"{seed} {purpose}")


def simple_world(
    rate: float,
    talk: Duration,
    operators: int,
    *,
    seconds: float,
    seed: int = 1,
    warm_up_s: float = 0.0,
    patience_s: float | None = None,
    places: int | None = None,
    within_s: float = 60.0,
    watch: Callable[[Fact], None] | None = None,
) -> World:
    """Return one line with Poisson calls, so many operators, and telephones that are answered at once."""
    away = () if places is None else (JoinRule(JoinCondition.LINE_TOO_LONG, "hangup", places),)
    policy = QueuePolicy(LINE, target_wait_s=within_s, max_wait_s=FOR_EVER_S, on_join=away)
    setting = Setting(
        (policy,),
        by_numbers([operators], [START], (), [LINE]),
        Standard(Norms(target_wait_s=within_s, max_wait_s=FOR_EVER_S)),
        AT_ONCE,
        count_from=START + warm_up_s,
    )
    patience = None if patience_s is None else Exponential(kind="exponential", mean_s=patience_s)
    traffic = Traffic(calls=(0.0,) * 24, talk=talk, patience=patience)
    numbers = (f"+79{number:09}" for number in itertools.count())
    generators = seeded(seed)
    callers = stream(traffic, LINE, [(START, START + seconds, rate * seconds)], generators, numbers)
    return World(setting, [callers], generators, watch)
