"""The live screen: three tables, the day's figures, a supervisor's keys. What stands in a table: `board.py`."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import ClassVar, Final

from rich.text import Text as RichText
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.events import Resize
from textual.message import Message
from textual.widgets import Footer, Input, Static

from acd.control.client import ControlClient
from acd.texts import Text, duration
from acd.top import figures, texts
from acd.top.board import AGENTS, CALLBACKS, CALLS, LINES, Values, aged, call_rows_of, callback_rows_of
from acd.top.dialogs import Ask, Confirm, Reading
from acd.top.feed import Away, Feed, Indicators, Seen
from acd.top.keys import KEYS
from acd.top.orders import Answered, Orders, TelephoneRung, WhichTelephone
from acd.top.table import Panel
from metrics.reports.texts import Language

KEPT: Final = 300
"""Seconds of history behind the small curves."""
WIDE: Final = 120
"""From so many columns on callers and call-backs stand side by side."""


class Told(Message):
    """Something came from the daemon."""

    def __init__(self, what: Seen | Indicators | Away) -> None:
        super().__init__()
        self.what = what


class TopApp(App[None]):
    """The whole screen."""

    ENABLE_COMMAND_PALETTE = False
    CSS = """
    Screen { layout: vertical; }
    #head { height: 1; background: $primary-darken-2; }
    #head.away { background: $error; }
    #lines { height: auto; max-height: 7; }
    #middle { height: 1fr; }
    #agents, #calls, #callbacks { width: 1fr; height: 100%; }
    #calls, #callbacks { border-left: solid $primary-darken-2; }
    DataTable { scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0; }
    #figures { height: auto; max-height: 3; text-wrap: nowrap; text-overflow: ellipsis; }
    #find { display: none; height: 1; border: none; }
    #find.open { display: block; }
    Confirm, Ask, Reading { align: center middle; }
    .dialog { width: 60; height: auto; border: round $accent; background: $surface; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [("ctrl+c", "quit", "")]

    def __init__(
        self, client: ControlClient, language: Language, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._orders = Orders(client, lambda work: self.run_worker(work, thread=True), self.post_message)
        self._language: Language = language
        self._clock = clock
        self._feed = Feed(client, lambda what: self.post_message(Told(what)))
        self._seen: Seen | None = None
        self._seen_at = clock()
        self._away: Away | None = None
        self._indicators = Indicators([])
        self._waiting: deque[float] = deque(maxlen=KEPT)
        self._in_norm: deque[float] = deque(maxlen=KEPT)
        self._wide = False
        """Room for callers and call-backs side by side."""
        self._right = "calls"
        """The table beside the operators where there is room for one."""
        for key in KEYS:
            self.bind(key.keys, key.action, description=key.text.say(language), show=key.shown)

    def compose(self) -> ComposeResult:
        """Lay the parts out."""
        yield Static(self._say(texts.NOT_YET), id="head", markup=False)
        yield Panel("lines", LINES, "line", self._language)
        with Horizontal(id="middle"):
            yield Panel("agents", AGENTS, "agent", self._language)
            yield Panel("calls", CALLS, "call", self._language)
            yield Panel("callbacks", CALLBACKS, "request", self._language)
        yield Static("", id="figures", markup=False)
        yield Input(id="find", placeholder=self._say(texts.FILTER), max_length=40)
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Begin to follow."""
        self._lay_out()
        self.panel("agents").focus()
        self.set_interval(1.0, self._second_passed)
        self._feed.start()

    async def on_unmount(self) -> None:
        """Follow no more."""
        await asyncio.to_thread(self._feed.stop)

    def panel(self, name: str) -> Panel:
        """Return the table `lines`, `agents`, `calls` or `callbacks`."""
        return self.screen_stack[0].query_one(f"#{name}", Panel)

    def on_resize(self, event: Resize) -> None:
        """Show as many tables as there is room for."""
        self._wide = event.size.width >= WIDE
        self._lay_out()

    def _lay_out(self) -> None:
        if not self.is_running:
            return  # see `_show`
        for name in ("calls", "callbacks"):
            self.panel(name).display = self._wide or name == self._right

    # -- what comes from the daemon --------------------------------------------------------------------------------

    def on_told(self, message: Told) -> None:
        """Show what came."""
        match message.what:
            case Seen() as seen:
                self._seen, self._seen_at, self._away = seen, self._clock(), None
            case Indicators() as told:
                self._indicators = told
            case Away() as away:
                self._away = away
        self._show()

    def _second_passed(self) -> None:
        if self._seen is not None and self._away is None:
            self._waiting.append(figures.waiting(self._seen))
            share = figures.in_norm(self._seen)
            if share is not None:
                self._in_norm.append(share)
        self._show()

    def _show(self) -> None:
        if not self.is_running:
            return  # the screen is being taken down: a second has passed, or something came, meanwhile
        head = self.screen_stack[0].query_one("#head", Static)
        head.set_class(self._away is not None, "away")
        passed_s = self._clock() - self._seen_at
        if self._away is not None:
            told = duration(passed_s, self._language)
            head.update(self._say(texts.NO_LINK, passed=told, reason=self._away.reason))
        if self._seen is None:
            return
        # Without a link the clocks stand: nobody knows whether the callers still wait.
        seen = aged(self._seen, passed_s) if self._away is None else self._seen
        if self._away is None:
            head.update(figures.headline(seen, self._language))
        self.panel("lines").put(seen.status["lines"])
        self.panel("agents").put(seen.agents)
        self.panel("calls").put(call_rows_of(seen))
        self.panel("callbacks").put(callback_rows_of(seen))
        below = self.screen_stack[0].query_one("#figures", Static)
        room = max(20, self.size.width)
        lines = [
            figures.indicator_line(self._indicators.rows, self._language),
            figures.curves(list(self._waiting), list(self._in_norm), room, self._language),
        ]
        if (owed := figures.owed(seen, self._language)) is not None:
            lines.insert(0, owed)
        below.update(RichText("\n").join(lines))

    # -- order and filter ------------------------------------------------------------------------------------------

    def action_sort(self) -> None:
        """Sort the table in focus by its next column."""
        if isinstance(self.focused, Panel):
            self.focused.sort_next()

    def action_turn(self) -> None:
        """Turn the order of the table in focus."""
        if isinstance(self.focused, Panel):
            self.focused.turn()

    def action_find(self) -> None:
        """Open the filter."""
        field = self.query_one("#find", Input)
        field.add_class("open")
        field.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while it is typed."""
        if event.input.id == "find":
            for name in ("agents", "calls", "callbacks"):
                self.panel(name).find(event.value.strip())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go back to the table; the filter stays."""
        if event.input.id == "find":
            event.input.set_class(bool(event.value), "open")
            self.panel("agents").focus()

    def action_clear(self) -> None:
        """Take the filter off."""
        field = self.query_one("#find", Input)
        field.value = ""
        field.remove_class("open")
        self.panel("agents").focus()

    # -- a supervisor's keys ---------------------------------------------------------------------------------------

    def action_pause(self) -> None:
        """Pause the chosen operator, for a reason."""
        if (agent := self._chosen_agent()) is not None:
            question = self._say(texts.ASK_PAUSE, name=agent["name"])
            proposal = self._say(texts.DEFAULT_REASON)
            self._ask(question, proposal, lambda reason: self._orders.of_agent(agent, "pause", {"reason": reason}))

    def action_resume(self) -> None:
        """End the chosen operator's pause."""
        self._confirm_for_agent(texts.ASK_RESUME, "resume")

    def action_log_out(self) -> None:
        """Log the chosen operator out."""
        self._confirm_for_agent(texts.ASK_LOG_OUT, "logout")

    def action_log_in(self) -> None:
        """Log the chosen operator in."""
        self._confirm_for_agent(texts.ASK_LOG_IN, "login")

    def action_give(self) -> None:
        """Give the chosen call to an operator; the one chosen among the operators is proposed."""
        if (call := self._chosen_call()) is not None:
            agent = self.panel("agents").chosen
            proposal = "" if agent is None else str(agent["agent"])
            question = self._say(texts.ASK_GIVE, caller=call["caller"])
            self._ask(question, proposal, lambda number: self._orders.of_call(call, "give", {"agent": number}))

    def action_move(self) -> None:
        """Move the chosen call to a line; the one chosen among the lines is proposed."""
        if (call := self._chosen_call()) is not None:
            line = self.panel("lines").chosen
            proposal = "" if line is None else str(line["line"])
            question = self._say(texts.ASK_MOVE, caller=call["caller"])
            self._ask(question, proposal, lambda name: self._orders.of_call(call, "move", {"line": name}))

    def action_listen(self) -> None:
        """Listen to the chosen operator's talk."""
        self._supervise(texts.ASK_LISTEN, "listen")

    def action_whisper(self) -> None:
        """Speak to the chosen operator in his talk."""
        self._supervise(texts.ASK_WHISPER, "whisper")

    def action_join(self) -> None:
        """Join the chosen operator's talk."""
        self._supervise(texts.ASK_JOIN, "join")

    def action_take(self) -> None:
        """Take the chosen operator's caller over."""
        self._supervise(texts.ASK_TAKE, "take")

    def action_callbacks(self) -> None:
        """Show call-backs where callers stand, or the other way round."""
        self._right = "calls" if self._right == "callbacks" else "callbacks"
        self._lay_out()
        if isinstance(self.focused, Panel) and self.focused.id in {"calls", "callbacks"}:
            self.panel(self._right).focus()

    def action_help(self) -> None:
        """Tell the keys."""
        told = [f"{k.label:<4}{self._say(texts.LONG[k.action])}" for k in KEYS if k.action in texts.LONG]
        self.push_screen(Reading("\n".join([*told, self._say(texts.CLOSE)])))

    def _supervise(self, question: Text, mode: str) -> None:
        agent = self._chosen_agent()
        if agent is None:
            return
        if agent["state"] != "talking":
            self.notify(self._say(texts.CHOOSE_TALK, name=agent["name"]), markup=False)
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._orders.supervise(agent, mode)

        self.push_screen(Confirm(self._say(question, name=agent["name"])), answered)

    def on_which_telephone(self, message: WhichTelephone) -> None:
        """Ask for the telephone, and try with that one from now on."""

        def then(name: str) -> None:
            self._orders.telephone = name
            self._orders.supervise(message.agent, message.mode)

        self._ask(self._say(texts.ASK_TELEPHONE), self._orders.telephone or "", then)

    def _chosen_agent(self) -> Values | None:
        agent = self.panel("agents").chosen
        if agent is None:
            self.notify(self._say(texts.CHOOSE_AGENT))
        return agent

    def _chosen_call(self) -> Values | None:
        call = self.panel("calls").chosen
        if call is None:
            self.notify(self._say(texts.CHOOSE_CALL))
        return call

    def _ask(self, question: str, proposal: str, then: Callable[[str], None]) -> None:
        def answered(text: str | None) -> None:
            if text:
                then(text)

        self.push_screen(Ask(question, self._say(texts.ANSWER), proposal), answered)

    def _confirm_for_agent(self, question: Text, action: str) -> None:
        agent = self._chosen_agent()
        if agent is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._orders.of_agent(agent, action, {})

        self.push_screen(Confirm(self._say(question, name=agent["name"])), answered)

    def on_answered(self, message: Answered) -> None:
        """Tell how it went, and look."""
        if message.refusal:
            self.notify(self._say(texts.REFUSED, message=message.refusal), severity="error", markup=False)
        else:
            self.notify(self._say(texts.DONE), timeout=2, markup=False)
        self._feed.look_again()

    def on_telephone_rung(self, message: TelephoneRung) -> None:
        """Tell that the telephone is to be picked up, or that he is in the talk, and look."""
        text = texts.IN_TALK if message.picked_up else texts.PICK_UP
        self.notify(self._say(text, telephone=message.telephone), timeout=5, markup=False)
        self._feed.look_again()

    def _say(self, text: Text, **values: object) -> str:
        return text.say(self._language, **values)
