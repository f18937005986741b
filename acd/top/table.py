"""A table of the screen: its columns fill the width, its cursor stays with whom it is on while rows change places."""

from collections.abc import Sequence

from rich.text import Text as RichText
from textual.widgets import DataTable

from acd.top.board import Column, Order, Row, Values, heads, rows, widths
from metrics.reports.texts import Language


class Panel(DataTable[RichText]):
    """Lines, operators or calls."""

    def __init__(self, name: str, columns: Sequence[Column], key: str, language: Language) -> None:
        super().__init__(id=name, cursor_type="row", cell_padding=0, zebra_stripes=False)
        self._columns = columns
        self._key = key
        self._language = language
        self._things: Sequence[Values] = ()
        self._shown: list[Row] = []
        self._laid_out: tuple[object, ...] = ()
        self.order = Order()
        self.wanted = ""

    @property
    def chosen(self) -> Values | None:
        """What the cursor is on; None in an empty table."""
        return self._shown[self.cursor_row].values if 0 <= self.cursor_row < len(self._shown) else None

    @property
    def shown(self) -> Sequence[Row]:
        """The rows as they stand."""
        return self._shown

    def put(self, things: Sequence[Values]) -> None:
        """Show these."""
        self._things = things
        self._redraw()

    def sort_next(self) -> None:
        """Sort by the next column."""
        self.order = self.order.next(len(self._columns))
        self._redraw()

    def turn(self) -> None:
        """Sort the other way round."""
        self.order = self.order.turned()
        self._redraw()

    def find(self, wanted: str) -> None:
        """Show only what has this in a cell."""
        self.wanted = wanted
        self._redraw()

    def on_resize(self) -> None:
        """Lay the columns out anew."""
        self._redraw()

    def _redraw(self) -> None:
        width = self.size.width
        if not width:
            return  # not laid out yet: `on_resize` comes
        fresh = rows(self._things, self._columns, self._key, self.order, self.wanted, self._language)
        room = width - self.styles.scrollbar_size_vertical * (len(fresh) >= self.size.height)
        sizes, titles = widths(self._columns, room), heads(self._columns, self.order, self._language)
        cells = [[self._fit(cell, c, size) for cell, c, size in zip(row.cells, self._columns, sizes, strict=True)]
                 for row in fresh]  # fmt: skip
        layout = (tuple(sizes), tuple(titles))
        if layout == self._laid_out and [row.key for row in fresh] == [row.key for row in self._shown]:
            self._shown = fresh
            for number, line in enumerate(cells):
                for place, cell in enumerate(line):
                    if self.get_cell_at((number, place)) != cell:  # type: ignore[arg-type]  # a pair is a coordinate
                        self.update_cell_at((number, place), cell)  # type: ignore[arg-type]  # as above
            return
        chosen = self.chosen
        self._shown = fresh
        self.clear(columns=layout != self._laid_out)
        if layout != self._laid_out:
            self._laid_out = layout
            for column, title, size in zip(self._columns, titles, sizes, strict=True):
                self.add_column(self._fit(RichText(title), column, size), width=size)
        for line in cells:
            self.add_row(*line)
        keys = [row.key for row in fresh]
        if chosen is not None and chosen[self._key] in keys:
            self.move_cursor(row=keys.index(chosen[self._key]), animate=False)

    @staticmethod
    def _fit(cell: RichText, column: Column, width: int) -> RichText:
        """Return the cell in its width, with one space to the next."""
        fitted = cell.copy()
        fitted.truncate(width - 1, overflow="ellipsis")
        if column.right:
            fitted.pad_left(width - 1 - fitted.cell_len)
        return fitted
