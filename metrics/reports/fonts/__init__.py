"""The typeface of the reports: PT Sans, made for Russian public use (ParaType Free Font License, `LICENSE.txt`)."""

from functools import cache
from pathlib import Path
from typing import Final

from reportlab.pdfbase.pdfmetrics import registerFont, registerFontFamily
from reportlab.pdfbase.ttfonts import TTFont

REGULAR: Final = "PTSans"
BOLD: Final = "PTSans-Bold"

_FOLDER: Final = Path(__file__).parent


@cache
def register() -> None:
    """Make the typeface known to reportlab, once."""
    registerFont(TTFont(REGULAR, str(_FOLDER / "PTS55F.ttf")))
    registerFont(TTFont(BOLD, str(_FOLDER / "PTS75F.ttf")))
    registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR, boldItalic=BOLD)
