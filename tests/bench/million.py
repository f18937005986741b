"""A month of a large service, 1 000 000 calls, written straight into the tables of the records.

Shaped like the published figures: working days busier than weekends, mornings busier than nights, waits that grow with
the load. Seeded, so that every run measures the same month.
"""

import sqlite3
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from metrics.records.database import upgrade
from metrics.records.rows import REPEAT_WITHIN_S
from metrics.reports.periods import Period, midnight, month

ZONE = ZoneInfo("Asia/Sakhalin")
MONTH = month(2026, 10, ZONE)
AGENTS = [str(number) for number in range(101, 166)]
_HOURS = (1, 1, 1, 1, 1, 2, 6, 20, 60, 66, 60, 52, 46, 44, 42, 40, 36, 28, 18, 12, 8, 5, 3, 2)
_DAYS = (130, 112, 106, 104, 100, 42, 28)


def _entries(rng: Random, calls: int) -> list[float]:
    days = [date(2026, 10, 1) + timedelta(days=n) for n in range(31)]
    chosen_days = rng.choices(days, [_DAYS[day.weekday()] for day in days], k=calls)
    begins = {day: midnight(day, ZONE) for day in days}
    hours = rng.choices(range(24), _HOURS, k=calls)
    return sorted(begins[d] + h * 3600 + rng.random() * 3600 for d, h in zip(chosen_days, hours, strict=True))


def _calls(rng: Random, calls: int) -> Iterator[tuple[object, ...]]:
    last: dict[str, float] = {}
    for number, entered_at in enumerate(_entries(rng, calls)):
        busy = _HOURS[int((entered_at - MONTH.start) % 86400 // 3600)] / 66
        waited_s = round(rng.expovariate(1 / (4 + 22 * busy**3)), 3)
        caller = f"+7914{rng.randrange(600_000):07}" if rng.random() > 0.02 else ""
        previous_at = last.get(caller) if caller else None
        previous_at = previous_at if previous_at is not None and entered_at - previous_at <= REPEAT_WITHIN_S else None
        last[caller] = entered_at
        line = "1300" if rng.random() < 0.85 else "122"
        fate = rng.random()
        agent: str | None = rng.choice(AGENTS)
        answered_at = talked_s = questioned_s = None
        outcome, destination = "answered", None
        if waited_s >= 120:
            waited_s, outcome, agent, destination, talked = 120.003, "overflowed", None, "voicemail", 0.0
        elif fate < 0.015 + waited_s / 1500:
            outcome, agent, talked = "abandoned", None, 0.0
        else:
            talked = round(rng.gammavariate(2.2, 75), 3)
            answered_at, talked_s = entered_at + waited_s, talked
            questioned_s = round(talked * rng.uniform(0.2, 0.6), 3) if rng.random() < 0.7 else None
        ended_at = entered_at + waited_s + talked
        misses = int(rng.random() < 0.04)
        yield (
            f"pbx-{number}", line, line, caller, 0, "incoming", entered_at, answered_at, ended_at, outcome,
            "waiting" if outcome == "abandoned" else None, waited_s, talked_s, questioned_s, agent, "caller", 16,
            1 + misses, misses, 0, destination, "max_wait" if destination else None, False, waited_s > 60, previous_at,
        )  # fmt: skip


def _offers(rng: Random, calls: list[tuple[object, ...]]) -> Iterator[tuple[object, ...]]:
    for number, call in enumerate(calls):
        entered_at, answered_at, agent = call[6], call[7], call[14]
        if call[18]:
            yield (
                number * 2,
                call[0],
                call[1],
                rng.choice(AGENTS),
                entered_at,
                0.0,
                entered_at,
                "missed",
                "no_answer",
                None,
                20.0,
            )
        if answered_at is not None:
            yield (number * 2 + 1, call[0], call[1], agent, answered_at, 0.0, answered_at, "answered", None, None, 2.5)


def _states(rng: Random) -> Iterator[tuple[object, ...]]:
    """Shifts of eight hours: 65 operators, some 28 stays an hour each."""
    seq = 0
    for day in range(31):
        for index, agent in enumerate(AGENTS):
            if (index + day) % 7 in {5, 6}:
                continue
            at = MONTH.start + day * 86400 + (7 + index % 4) * 3600
            end = at + 8 * 3600
            while at < end:
                for state, mean_s in (("ready", 40), ("ringing", 3), ("talking", 165), ("wrap_up", 12)):
                    stay_s = rng.expovariate(1 / mean_s)
                    seq += 1
                    yield ("bench", seq, agent, state, "", "system", None, at, at + stay_s)
                    at += stay_s
                if rng.random() < 0.03:
                    seq += 1
                    stay_s = rng.expovariate(1 / 600)
                    reason = rng.choice(("lunch", "training", "rest"))
                    yield ("bench", seq, agent, "paused", reason, agent, None, at, at + stay_s)
                    at += stay_s
            seq += 1
            yield ("bench", seq, agent, "logged_out", "", agent, None, end, MONTH.start + (day + 1) * 86400)


def make(path: Path, calls: int = 1_000_000, seed: int = 1) -> Period:
    """Write the month into a new SQLite file; return its period."""
    upgrade(f"sqlite:///{path}")
    rng = Random(seed)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous=OFF")
    rows = list(_calls(rng, calls))
    columns = (
        "call, queue, last_queue, caller, priority, kind, entered_at, answered_at, ended_at, outcome, stage, waited_s, "
        "talked_s, questioned_s, agent, ended_by, cause, offers, misses, returns, destination, reason, recovered, "
        "target_passed, previous_at"
    )
    connection.executemany(f"INSERT INTO calls ({columns}) VALUES ({','.join('?' * 25)})", rows)
    connection.executemany(f"INSERT INTO offers VALUES ({','.join('?' * 11)})", _offers(rng, rows))
    connection.executemany(f"INSERT INTO agent_states VALUES ({','.join('?' * 9)})", _states(rng))
    connection.execute("ANALYZE")
    connection.commit()
    connection.close()
    return MONTH
