"""From the configuration to what the engine is told: one policy per line and per operator."""

from collections.abc import Mapping

from config.lines import Line
from config.model import Config
from config.steps import Step
from queue_engine.ids import AgentId, QueueName
from queue_engine.policy import (
    AgentPolicy,
    JoinCondition,
    JoinRule,
    KeyRule,
    LeaveFor,
    MoveTo,
    QueuePolicy,
    Relax,
    Say,
    Skill,
    Strategy,
    WaitStep,
    Widen,
)


def to_policy(config: Config) -> tuple[tuple[QueuePolicy, ...], tuple[AgentPolicy, ...]]:
    """Return the policies of all lines and of all operators, in the order of the configuration.

    The checks of the loader are stricter than the engine's own, so a loaded configuration never raises here.
    """
    queues = tuple(
        QueuePolicy(
            name=QueueName(line.name),
            target_wait_s=line.target_wait_s,
            max_wait_s=line.max_wait_s,
            at_max_wait=line.at_max_wait,
            ring_past_max_wait=line.ring_past_max_wait,
            ring_s=line.ring_s,
            wrap_up_s=line.wrap_up_s,
            min_talk_s=line.min_talk_s,
            weight=line.weight,
            strategy=Strategy(line.strategy),
            ring_at_once=line.ring_at_once,
            ring_more_every_s=line.ring_more_every_s,
            level=line.level,
            skills=_skills(line.skills),
            last_agent_wait_s=line.last_agent_wait_s,
            redial_s=line.redial_s,
            steps=tuple(_step(step) for step in line.steps),
            on_join=_on_join(line),
            keys=tuple(KeyRule(key.key, key.leave_for or "", key.callback) for key in line.keys),
            whisper=bool(line.whisper),
        )
        for line in config.lines
    )
    agents = tuple(
        AgentPolicy(
            agent=AgentId(operator.number),
            queues=tuple(QueueName(name) for name in config.lines_of(operator)),
            wrap_up_s=operator.wrap_up_s,
            pause_after_misses=operator.pause_after_misses,
            back_off_no_answer_s=operator.back_off.no_answer_s,
            back_off_busy_s=operator.back_off.busy_s,
            back_off_refused_s=operator.back_off.refused_s,
            back_off_unreachable_s=operator.back_off.unreachable_s,
            levels=tuple(operator.levels.get(name, 1) for name in config.lines_of(operator)) if operator.levels else (),
            skills=_skills(operator.skills),
            logout_after_pause_s=operator.logout_after_pause_s,
            logout_unreachable_s=operator.logout_unreachable_s,
        )
        for operator in config.operators
    )
    return queues, agents


def _on_join(line: Line) -> tuple[JoinRule, ...]:
    closed = () if line.at_closed is None else (JoinRule(JoinCondition.CLOSED, line.at_closed),)
    return (*closed, *(JoinRule(JoinCondition(rule.when), rule.leave_for, rule.limit) for rule in line.on_join))


def _step(step: Step) -> WaitStep:
    if step.widen is not None:
        return Widen(step.at_s, step.widen)
    if step.relax is not None:
        return Relax(step.at_s, _skills(step.relax))
    if step.say is not None:
        return Say(step.at_s, step.say, step.every_s)
    if step.move_to is not None:
        return MoveTo(step.at_s, QueueName(step.move_to))
    return LeaveFor(step.at_s, step.leave_for or "hangup")


def _skills(grades: Mapping[str, int]) -> tuple[Skill, ...]:
    return tuple(Skill(name, grade) for name, grade in grades.items())
