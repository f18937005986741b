"""The questions of the screen: yes or no, and a line of text (no action without one of them); and what it tells."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label


class Confirm(ModalScreen[bool]):
    """A question that is answered by y or n, in Russian by д or н; Esc is no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("y,Y,д,Д", "answer", ""),
        ("n,N,н,Н,escape", "leave", ""),
    ]

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """Show the question."""
        with Vertical(classes="dialog"):
            yield Label(self._question, markup=False)

    def action_answer(self) -> None:
        """Yes."""
        self.dismiss(True)

    def action_leave(self) -> None:
        """No."""
        self.dismiss(False)


class Ask(ModalScreen[str | None]):
    """A question that is answered by a line of text; empty, or Esc, is no."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "leave", "")]

    def __init__(self, question: str, hint: str, proposal: str = "") -> None:
        super().__init__()
        self._question = question
        self._hint = hint
        self._proposal = proposal

    def compose(self) -> ComposeResult:
        """Show the question, with what is proposed as its answer."""
        with Vertical(classes="dialog"):
            yield Label(self._question, markup=False)
            yield Input(self._proposal, max_length=80)
            yield Label(self._hint, markup=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the answer."""
        self.dismiss(event.value.strip() or None)

    def action_leave(self) -> None:
        """No answer."""
        self.dismiss(None)


class Reading(ModalScreen[None]):
    """Something to be read: Esc, or any of the keys that close such things elsewhere, goes back."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,q,й,enter,question_mark,h,р", "leave", "")]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        """Show it."""
        with Vertical(classes="dialog"):
            yield Label(self._text, markup=False)

    def action_leave(self) -> None:
        """Go back."""
        self.dismiss()
