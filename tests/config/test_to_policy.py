"""The engine is told what the file says."""

from config.load import load_config
from config.to_policy import to_policy
from queue_engine.policy import AgentPolicy, JoinCondition, JoinRule, QueuePolicy, Skill, Strategy
from tests.config.sample import ENVIRON, SAMPLE, spoilt, written

LANES = """
strategy = "fewest_calls"
ring_at_once = 2
ring_more_every_s = 5
level = 2
skills = { tatar = 3 }
last_agent_wait_s = 20
redial_s = 60
"""


def test_lines_become_policies(tmp_path):
    """Every value of a line arrives."""
    text = spoilt(
        "ring_s = 15", "ring_s = 15\nwrap_up_s = 30\nmin_talk_s = 3\nweight = 2\ntarget_wait_s = 40\n" + LANES
    )
    queues, _ = to_policy(load_config(written(tmp_path, text), ENVIRON))
    closed = (JoinRule(JoinCondition.CLOSED, "saratov-closed"),)  # of the profile
    assert queues[0] == QueuePolicy(name="saratov-122", at_max_wait="sorry", on_join=closed)
    assert queues[1] == QueuePolicy(
        name="second",
        target_wait_s=40,
        at_max_wait="to-first",
        ring_s=15,
        wrap_up_s=30,
        min_talk_s=3,
        weight=2,
        strategy=Strategy.FEWEST_CALLS,
        ring_at_once=2,
        ring_more_every_s=5,
        level=2,
        skills=(Skill("tatar", 3),),
        last_agent_wait_s=20,
        redial_s=60,
        on_join=closed,
    )


def test_operators_become_policies(tmp_path):
    """Every value of an operator arrives; one without lines serves all."""
    back_off = "{ busy_s = 9, refused_s = 8, no_answer_s = 7, unreachable_s = 6 }"
    lanes = "levels = { second = 2 }\nskills = { tatar = 4 }\nlogout_after_pause_s = 3600\nlogout_unreachable_s = 600"
    own = f"{lanes}\nwrap_up_s = 5\npause_after_misses = 0\nback_off = {back_off}"
    text = SAMPLE.replace("hot_desk = true", f"hot_desk = true\n{own}")
    _, agents = to_policy(load_config(written(tmp_path, text), ENVIRON))
    assert agents[0] == AgentPolicy(agent="101", queues=("saratov-122",))
    assert agents[1] == AgentPolicy(
        agent="102",
        queues=("saratov-122", "second"),
        wrap_up_s=5,
        pause_after_misses=0,
        back_off_no_answer_s=7,
        back_off_busy_s=9,
        back_off_refused_s=8,
        back_off_unreachable_s=6,
        levels=(1, 2),
        skills=(Skill("tatar", 4),),
        logout_after_pause_s=3600,
        logout_unreachable_s=600,
    )
