"""The keys of the live screen, each also where a Russian keyboard has it."""

from typing import Final, NamedTuple

from acd.texts import Text
from acd.top import texts


class Key(NamedTuple):
    """What is pressed for one action."""

    keys: str
    """All that do it, parted by commas; the first is the one that is told."""
    action: str
    text: Text
    shown: bool = True
    """Whether the last line of the screen shows it."""

    @property
    def label(self) -> str:
        """How it stands on a keyboard."""
        first = self.keys.partition(",")[0]
        return {"slash": "/", "question_mark": "?"}.get(first, first)


KEYS: Final = (
    Key("p,з", "pause", texts.PAUSE),
    Key("r,к", "resume", texts.RESUME),
    Key("o,щ", "log_out", texts.LOG_OUT),
    Key("i,ш", "log_in", texts.LOG_IN),
    Key("l,д", "listen", texts.LISTEN),
    Key("w,ц", "whisper", texts.WHISPER, shown=False),
    Key("j,о", "join", texts.JOIN, shown=False),
    Key("k,л", "take", texts.TAKE, shown=False),
    Key("t,е", "give", texts.GIVE),
    Key("m,ь", "move", texts.MOVE, shown=False),
    Key("b,и", "callbacks", texts.CALLBACKS),
    Key("s,ы", "sort", texts.SORT, shown=False),
    Key("v,м", "turn", texts.TURN, shown=False),
    Key("slash,f,а", "find", texts.FIND),
    Key("escape", "clear", Text("", ""), shown=False),
    Key("question_mark,h,р", "help", texts.HELP),
    Key("q,й", "quit", texts.QUIT),
)
