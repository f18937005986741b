"""What can go wrong in the records and the reports, for those who must react to it."""


class MetricsError(Exception):
    """Base of all errors of this package."""


class RecordsUnusable(MetricsError):
    """The database of records cannot be used as it is: wrong URL, unknown schema, no right to write."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason)
        self.url = url
        self.reason = reason

    def __str__(self) -> str:
        return f"records in {self.url}: {self.reason}"


class ReportError(MetricsError):
    """A report was asked for that cannot be made, with the reason in plain words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason
