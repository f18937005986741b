"""What can be wrong with recordings."""


class RecordingError(Exception):
    """Base of all errors of recordings."""


class KeyWrong(RecordingError):
    """A key is no base64 of 32 bytes."""

    def __str__(self) -> str:
        return "must be 32 bytes in base64: head -c 32 /dev/urandom | base64"


class KeyMissing(RecordingError):
    """A recording or a backup is sealed with a key that the configuration does not hold."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key

    def __str__(self) -> str:
        return f"the key {self.key} is not in the configuration (old_keys)"


class SealBroken(RecordingError):
    """A sealed file was changed, or is none."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"{self.name} was changed or is damaged"


class NoSound(RecordingError):
    """A recording holds no sound at all: neither side has sent any."""

    def __str__(self) -> str:
        return "no_sound"


class StillThere(RecordingError):
    """A file that was to be destroyed is still there."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"{self.name} is still there"
