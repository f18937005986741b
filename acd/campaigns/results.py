"""What became of a list's contacts, as a table that people take away: the command line and the desk write the same."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from acd.campaigns.model import OUTCOMES, Settings
from acd.texts import Text
from config.errors import Language
from metrics.reports.cells import harmless

WORDS: Final = {
    "running": Text("running", "идёт"),
    "paused": Text("paused", "на паузе"),
    "stopped": Text("stopped", "завершён"),
    "reached": Text("reached", "дозвонились"),
    "busy": Text("busy", "занято"),
    "no_answer": Text("no answer", "не отвечает"),
    "unreachable": Text("unreachable", "недоступен"),
    "refused": Text("refused", "отклонил"),
    "left": Text("hung up before an operator came", "не дождался оператора"),
    "machine": Text("answering machine", "автоответчик"),
    "lost": Text("unknown", "неизвестно"),
    "wrong_person": Text("wrong person", "не тот абонент"),
    "do_not_call": Text("does not want our calls", "просил не звонить"),
    "impossible": Text("cannot be called", "звонить нельзя"),
    "told": Text("told", "сообщено"),
    "agreed": Text("agreed", "согласие"),
    "declined": Text("declined", "отказ"),
    "call_again": Text("call again", "перезвонить"),
    "waiting": Text("to be called", "ждёт звонка"),
    "preview": Text("an operator looks at him", "открыт оператором"),
    "calling": Text("being called", "звоним"),
    "closed": Text("closed", "закрыт"),
}
"""What states of lists and contacts, results and the usual outcomes are called."""
_COLUMNS: Final = {
    "contact": Text("No.", "№"),
    "number": Text("Number", "Номер"),
    "name": Text("Name", "Имя"),
    "state": Text("State", "Состояние"),
    "attempts": Text("Attempts", "Попыток"),
    "result": Text("Result", "Результат"),
    "outcome": Text("Outcome", "Итог"),
    "outcome_by": Text("By", "Кем"),
    "note": Text("Note", "Пометка"),
    "agent": Text("Operator", "Оператор"),
    "call": Text("Call", "Звонок"),
}
_DETAILS: Final = Text("Details", "Сведения")


def word(name: str, language: Language) -> str:
    """Return what a state, a result or a usual outcome is called; the name itself for any other."""
    return WORDS[name].say(language) if name in WORDS else name


def outcome_title(settings: Settings, code: str, language: Language) -> str:
    """Return what an outcome of a list is called; the usual ones in the reader's language."""
    meant = settings.outcome(code)
    return word(code, language) if meant is None or meant in OUTCOMES else meant.title


def results_of(contacts: Iterable[Mapping[str, Any]], language: Language) -> Iterator[list[str]]:
    """Yield the heads, then a row for each contact; contacts are given as the control API shows them."""
    yield [text.say(language) for text in _COLUMNS.values()] + [_DETAILS.say(language)]
    for contact in contacts:
        details = "; ".join(f"{key}: {value}" for key, value in contact["details"].items())
        yield [str(contact[key]) for key in _COLUMNS] + [details]


def results_csv(rows: Iterable[Iterable[str]]) -> str:
    """Return a table as CSV that a spreadsheet opens in Russia, without anything that it takes for a formula."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";").writerows([harmless(cell) for cell in row] for row in rows)
    return out.getvalue()
