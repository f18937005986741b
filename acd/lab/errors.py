"""What can go wrong in the lab, as data: the texts are for the person who typed the command."""


class LabError(Exception):
    """Base of every fault of the lab."""


class ProgramMissing(LabError):
    """A program that the lab needs is not installed."""

    def __init__(self, program: str, remedy: str) -> None:
        super().__init__(program, remedy)
        self.program = program
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.program} was not found: {self.remedy}"


class ProcessFailed(LabError):
    """A program that the lab started ended, or did not get where it should in time."""

    def __init__(self, name: str, reason: str, output: str = "") -> None:
        super().__init__(name, reason, output)
        self.name = name
        self.reason = reason
        self.output = output

    def __str__(self) -> str:
        tail = "\n".join(self.output.strip().splitlines()[-15:])
        return f"{self.name}: {self.reason}" + (f"\n{tail}" if tail else "")


class NoFreeSlice(LabError):
    """No free slice of loopback addresses was found."""

    def __str__(self) -> str:
        return "no free slice of loopback addresses was found: are other labs running?"


class UnusableHome(LabError):
    """The folder of an instance cannot be shown inside the root folder of Asterisk."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return f"{self.path} cannot be shown inside the root folder of Asterisk: use a folder under /tmp or /home"
