"""What is written to callers, officials and supervisors: Jinja2 templates, the first line of each being the subject.

A site puts its own texts into a folder of the same shape (`ru/registered.txt`); what is not there is taken from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from acd.journal.cards import Alarm, Card
from acd.journal.states import CardTrigger
from acd.journal.store.catalogues import Official, Organisation
from acd.journal.store.outbox import Message
from acd.journal.texts import name_of
from config.errors import Language
from config.worktime import WorkTime
from queue_engine.ids import Instant

TO_CALLER: Final[Mapping[CardTrigger, str]] = {
    CardTrigger.REGISTER: "registered",
    CardTrigger.FINISH: "finished",
    CardTrigger.ENTER_RESULT: "finished",
    CardTrigger.REJECT: "rejected",
}
"""Which moves are told to the caller (KEM 5.9)."""
_AHEAD: Final = frozenset({Alarm.REGISTER_AHEAD, Alarm.RESOLVE_AHEAD, Alarm.FEEDBACK_AHEAD})
_TEXTS: Final = Path(__file__).parent / "letter_texts"


@dataclass(frozen=True, slots=True)
class Letters:
    """Writes letters in one language and the site's time."""

    work: WorkTime
    language: Language = "ru"
    own_texts: Path | None = None
    _environment: Environment = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        folders = [folder for folder in (self.own_texts, _TEXTS) if folder is not None]
        environment = Environment(
            loader=FileSystemLoader(folders),
            undefined=StrictUndefined,
            autoescape=False,  # noqa: S701 - plain text, never shown as HTML
            trim_blocks=True,
            keep_trailing_newline=True,
        )
        object.__setattr__(self, "_environment", environment)

    def to_caller(self, card: Card, trigger: CardTrigger) -> Message | None:
        """Return the letter that tells the caller of a move; None if there is nothing to tell or no address."""
        template = TO_CALLER.get(trigger)
        if template is None or not card.contact_email:
            return None
        return self._message(
            template,
            f"{card.id}:{card.version}:{template}",
            card.contact_email,
            number=card.number,
            keys=card.number.keys,
            opened=self.when(card.opened_at),
            due=self.when(card.resolve_due_at),
            finished=self.when(card.finished_at),
            reopen_until=self.when(card.reopen_until),
            measures=card.measures,
            rejection=card.rejection,
        )

    def handed_over(
        self, card: Card, organisation: Organisation, official: Official, link: str, link_until: Instant
    ) -> Message:
        """Return the letter that hands a card over to a responsible official (SAR 4.6, SAH 3.2)."""
        return self._message(
            "handed_over",
            f"{card.id}:{card.version}:handed_over:{official.id}",
            official.email,
            number=card.number,
            opened=self.when(card.opened_at),
            due=self.when(card.feedback_due_at or card.resolve_due_at),
            official=official.name,
            organisation=organisation.name,
            link=link,
            link_until=self.when(link_until),
        )

    def alarm(self, card: Card, alarm: Alarm, due_at: Instant, recipient: str) -> Message:
        """Return the letter that announces a breach, or one ahead."""
        template = "ahead" if alarm in _AHEAD else "breach"
        return self._message(
            template,
            f"{card.id}:{card.version}:{alarm}:{recipient}",
            recipient,
            number=card.number,
            limit=name_of(alarm, self.language),
            due=self.when(due_at),
            state=name_of(card.state, self.language),
            responsible=card.responsible or "-",
        )

    def when(self, at: Instant | None) -> str:
        """Return the instant as the site's wall shows it; empty for none."""
        return "" if at is None else datetime.fromtimestamp(at, self.work.zone).strftime("%d.%m.%Y %H:%M")

    def _message(self, template: str, key: str, recipient: str, **values: object) -> Message:
        written = self._environment.get_template(f"{self.language}/{template}.txt").render(**values)
        subject, _, body = written.partition("\n")
        return Message(key, template, recipient, subject.strip(), body)
