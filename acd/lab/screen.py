"""How the demonstration looks: a line that is redrawn on a terminal, a line now and then where there is none."""

import sys
from typing import Final

from rich.box import SIMPLE
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text as RichText

from acd.lab import words
from acd.lab.demo import DemoPlan, DemoResult, Moment
from acd.reporting import coloured, written
from acd.texts import Text
from config.errors import Language

EVERY_S: Final = 5.0
"""Off a terminal a line of progress is written so often."""


class Screen:
    """Shows a demonstration to a person."""

    def __init__(self, out: Console, language: Language, plan: DemoPlan) -> None:
        self._out = out
        self._language = language
        self._plan = plan
        self._live: Live | None = None
        self._next_s = 0.0

    def _say(self, text: Text, **values: object) -> str:
        return text.say(self._language, **values)

    def _print(self, line: str) -> None:
        self._out.print(line, soft_wrap=True, markup=False)

    def preparing(self) -> None:
        """Asterisk and the daemon are being started."""
        self._print(self._say(words.PREPARING, operators=self._plan.operators))

    def moment(self, moment: Moment) -> None:
        """Show how far it is."""
        if moment.elapsed_s < self._next_s:
            return
        if self._next_s == 0.0:
            self._print(self._say(words.CALLING, callers=moment.callers, seconds=round(self._plan.within_s)))
        status = moment.status
        share = "–" if status.share_in_norm is None else f"{status.share_in_norm:.0%}"
        line = self._say(
            words.MOMENT,
            elapsed=moment.elapsed_s,
            placed=moment.placed,
            callers=moment.callers,
            waiting=status.waiting,
            talking=status.talking,
            answered=status.answered,
            abandoned=status.abandoned,
            share=share,
        )
        if not self._out.is_terminal:
            self._next_s = moment.elapsed_s + EVERY_S
            self._print(line)
            return
        self._next_s = moment.elapsed_s + 0.1
        if self._live is None:
            self._live = Live(console=self._out, auto_refresh=False)
            self._live.start()
        self._live.update(RichText(line), refresh=True)

    def settling(self) -> None:
        """All callers have hung up."""
        self.close()
        self._print(self._say(words.SETTLING))

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def result(self, result: DemoResult) -> None:
        """Show the indicators and whether every call is accounted for."""
        if self._out.is_terminal:
            self._out.print(coloured(result.report, self._language))
        else:
            sys.stdout.buffer.write(written(result.report, "table", self._language) + b"\n")
            sys.stdout.buffer.flush()
        self._comparison(result)
        for mismatch in result.mismatches:
            told = self._say(words.MISMATCH, caller=mismatch.caller, seen=mismatch.seen, recorded=mismatch.recorded)
            self._print(told)
        if result.accounted:
            self._print(self._say(words.ACCOUNTED))
        else:
            count = max(len(result.mismatches), abs(result.callers.placed - result.recorded), 1)
            self._print(self._say(words.UNACCOUNTED, count=count))

    def _comparison(self, result: DemoResult) -> None:
        ended = result.callers.served + result.callers.left + result.callers.refused
        rows = [
            (words.CALLS_PLACED, result.callers.placed, result.recorded, result.callers.placed == result.recorded),
            (
                words.ANSWERED,
                result.telephones.answered,
                result.answered + result.returned,
                # A telephone may answer at the very instant at which the caller leaves: then nobody has talked.
                result.answered + result.returned <= result.telephones.answered,
            ),
            (words.ENDED, ended, result.recorded, ended == result.recorded and not result.mismatches),
        ]
        head = [self._say(text) for text in (words.WHAT, words.SEEN, words.RECORDED, words.VERDICT)]
        table = Table(*head, title=self._say(words.SEEN_AND_RECORDED), title_justify="left", box=SIMPLE)
        for what, seen, recorded, agrees in rows:
            verdict = RichText(self._say(words.AGREES if agrees else words.DIFFERS), style="green" if agrees else "red")
            table.add_row(self._say(what), str(seen), str(recorded), verdict)
        self._out.print(table)
