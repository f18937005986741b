"""docs/mqtt.md, made from the models by `python -m acd.publish.document`. A test holds the two together."""

import sys
from collections.abc import Iterable
from typing import Final

import orjson
from pydantic import BaseModel

from acd.publish.payloads import (
    AddCallback,
    AgentState,
    Answer,
    AppealEvent,
    CallbackEvent,
    CallEvent,
    LineState,
    MessageEvent,
    Pause,
    RecordingEvent,
    Resume,
    ScriptState,
    Status,
    SurveyEvent,
    TransferEvent,
)

_AT: Final = 1_795_251_605.0
_EXAMPLES: Final[tuple[tuple[str, str, BaseModel], ...]] = (
    ("status", "Retained; the last will is `offline`", Status(state="online", version="0.1.0", since=_AT - 3600)),
    (
        "lines/<line>",
        "Retained",
        LineState(
            at=_AT,
            line="saratov-122",
            title="122",
            waiting=2,
            talking=5,
            oldest_entered_at=_AT - 12,
            target_wait_s=60,
            max_wait_s=120,
            accepted_today=310,
            answered_today=295,
            abandoned_today=8,
            in_norm_today=0.943,
        ),
    ),
    (
        "agents/<operator>",
        "Retained; empty when the operator has left the configuration",
        AgentState(agent="101", name="Anna", state="talking", since=_AT, reason="answered", call="main-1795251600.17"),
    ),
    (
        "scripts/<line>",
        "Retained; empty for a line without a script",
        ScriptState(
            line="saratov-122", script="saratov-122", title="122", text="Здравствуйте! Слушаю вас.", source="SAR 3.4"
        ),
    ),
    (
        "calls/<call>/<event>",
        "Events of calls, in order",
        CallEvent(
            id="6f1c9a3b/4711",
            at=_AT,
            event="answered",
            call="main-1795251600.17",
            line="saratov-122",
            agent="101",
            waited_s=5.0,
        ),
    ),
    (
        "messages/<call>/<event>",
        "Events of voice messages: `left`, `heard`, `done`, `destroyed`",
        MessageEvent(
            id="6f1c9a3b/4790", at=_AT, event="left", call="main-1795251700.21", line="saratov-122", length_s=31.5
        ),
    ),
    (
        "surveys/<call>/taken",
        "Surveys that were asked, with their answers",
        SurveyEvent(
            id="6f1c9a3b/4795",
            at=_AT + 60,
            event="taken",
            call="main-1795251600.17",
            line="saratov-122",
            survey="satisfaction",
            caller="***67",
            answers={"mark": "5"},
        ),
    ),
    (
        "callbacks/<request>/<event>",
        "Events of call-backs, in one order with those of calls",
        CallbackEvent(
            id="6f1c9a3b/4720",
            at=_AT + 9,
            event="attempt",
            request=17,
            line="saratov-122",
            number="***67",
            call="callback-17-1",
            broken_call="main-1795251600.17",
            attempt=1,
            after_break_s=6.2,
            within_limit=True,
        ),
    ),
    (
        "transfers/<call>/<event>",
        "Events of callers who are handed on or taken over, in one order with those of calls",
        TransferEvent(
            id="6f1c9a3b/4730",
            at=_AT + 40,
            event="handed_on",
            call="main-1795251600.17",
            line="saratov-122",
            agent="101",
            way="blind",
            target_kind="destination",
            target="hot-line",
            next_call="main-1795251600.17-1",
            consent="operator",
            by="101",
        ),
    ),
    (
        "recordings/<call>/<event>",
        "Events of recorded talks, in one order with those of calls; of a server's disk, with the server for the call",
        RecordingEvent(
            id="6f1c9a3b/4735",
            at=_AT + 41,
            event="kept",
            call="main-1795251600.17",
            recording="1795251605000_main-1795251600.17_op101",
            telephone="op101",
            started_at=_AT,
            duration_s=40.0,
            size=640_044,
            keep_until=_AT + 30 * 86_400,
        ),
    ),
    (
        "appeals/<number>/<event>",
        "Events of the journal's cards: `opened`, `edited`, `moved`, `ahead`, `breach`",
        AppealEvent(
            id="journal/812",
            at=_AT + 86_400,
            event="breach",
            appeal="1300-2026-000123",
            service="sakhalin-1300",
            channel="telephone",
            line="1300",
            urgency="medium",
            state="handed_over",
            before="handed_over",
            holder="clinic",
            limit="feedback",
            due_at=_AT + 86_400,
            by="clock",
        ),
    ),
    ("commands", "Pause an operator", Pause(command="pause", id="web-1", agent="101", reason="lunch", limit_s=1800)),
    ("commands", "End an operator's pause", Resume(command="resume", id="web-2", agent="101")),
    (
        "commands",
        "Add a call-back",
        AddCallback(command="add_callback", id="web-3", line="saratov-122", number="+78452123456"),
    ),
    ("answers/<id>", "What came of a command", Answer(id="web-1", ok=True, code="done")),
)

_HEAD: Final = """# MQTT

With a table `[mqtt]` in the configuration the daemon tells an MQTT 5 broker what happens, at QoS 1, below
`acd/<site>/v1`:

```toml
[mqtt]
host = "broker.example"
port = 8883              # TLS unless tls = false
ca = "broker-ca.pem"     # the system's authorities without it; certificate and key if the broker asks for them
user = "acd"
secret = { file = "mqtt.secret" }
commands = false         # whether commands are taken
outbox = 200000          # events kept while the broker is away
```

* States are retained: whoever subscribes gets the last of each line and operator at once, and `status` says
  whether they are alive.
* Events of calls are told in their order and at least once: one that comes twice has the same `id`, which is that
  of the control API's event stream.
* While the broker is away, events wait, also over a restart of the daemon: how far the broker was told stands in a
  small file beside the spool (`acd.mqtt`), and what came after it is read from the records at the next start. When
  more than `outbox` wait, the oldest are dropped and counted (`acd_broker_dropped_total` at `/metrics`). The records
  miss nothing, and no call waits for a broker.
* Events of appeals (`appeals/...`) are told from the history of their cards, which is written with the cards in one
  transaction: they too wait over a restart (`acd.appeals`), and have an order and ids of their own.
* If at a start the records cannot be read for a minute, what was missed before it is left out and the log says so.
* No message holds a caller's number in full. Instants are seconds since the epoch (UTC), durations end in `_s`.
* Within `v1` no field is renamed or given another meaning; new ones may come.

Commands are JSON objects at `commands`, with an `id` of the asker's choice. The answer comes to the message's
response topic if that is below `acd/<site>/v1/answers/`, with its correlation data, or else to `answers/<id>`; to
`answers/unknown` when it could not be read. A command of an `id` that was answered is not done again; a retained
one is not done at all. Whoever may write to `commands` may command, so give that right in the broker's access list
to few. Every command is in the audit trail (`acd audit`), with its id, also one that was refused or not understood: a
broker does not tell who sent it. The daemon's own user needs to write everything below its root and to read `commands`:

```
user acd
topic write acd/+/v1/#
topic read acd/+/v1/commands
```
"""


def document() -> str:
    """Return the text of docs/mqtt.md."""
    return _HEAD + "\n## Messages\n" + "".join(_messages()) + "\n## Schemas\n" + "".join(_schemas())


def _messages() -> Iterable[str]:
    for topic, told, example in _EXAMPLES:
        yield f"\n### `{topic}`\n\n{told}.\n\n```json\n{example.model_dump_json()}\n```\n"


def _schemas() -> Iterable[str]:
    for _, _, example in _EXAMPLES:
        schema = orjson.dumps(type(example).model_json_schema(), option=orjson.OPT_INDENT_2).decode()
        yield f"\n### {type(example).__name__}\n\n```json\n{schema}\n```\n"


if __name__ == "__main__":
    sys.stdout.write(document())
