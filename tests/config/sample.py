"""A configuration that is right, for tests to spoil in one place."""

from pathlib import Path

SAMPLE = """
[site]
name = "saratov"
profile = "saratov-122"
time_zone = "Europe/Saratov"

[[asterisk]]
name = "pbx1"
ami_secret = { env = "AMI_SECRET" }

[[line]]
name = "saratov-122"
numbers = ["122", "+78452000122"]
at_max_wait = "sorry"

[[line]]
name = "second"
numbers = ["123"]
at_max_wait = "to-first"
ring_s = 15

[[destination]]
name = "sorry"
kind = "message"
sounds = ["vm-nobodyavail", "pls-try-call-later"]

[[destination]]
name = "to-first"
kind = "line"
line = "saratov-122"

[[destination]]
name = "outside"
kind = "number"
number = "84521234567"
trunk = "city"
otherwise = "sorry"

[[operator]]
number = "101"
name = "Иванова Анна"
pin = { file = "pin101" }
lines = ["saratov-122"]

[[operator]]
number = "102"
pin = { file = "pin101" }
hot_desk = true

[[telephone]]
name = "op101"
secret = { env = "PHONE_SECRET" }

[[telephone]]
name = "reception"
secret = { env = "PHONE_SECRET" }

[[trunk]]
name = "city"
match = ["192.0.2.1"]
address = "192.0.2.1:5060"
"""

ENVIRON = {"AMI_SECRET": "ami-s3cret", "PHONE_SECRET": "phone-s3cret"}


def written(directory: Path, text: str = SAMPLE) -> Path:
    """Write a configuration and the files that it names; return its path."""
    (directory / "pin101").write_text("4321\n", encoding="utf-8")
    path = directory / "acd.toml"
    path.write_text(text, encoding="utf-8")
    return path


def spoilt(old: str, new: str) -> str:
    """Return the sample with one piece of it replaced.

    Raises:
        ValueError: The piece is not there.
    """
    if old not in SAMPLE:
        raise ValueError(old)
    return SAMPLE.replace(old, new, 1)
