"""A new site is written from a profile, can be loaded, and holds no secret that others may read."""

import stat

import pytest

from acd.cli.main import run
from config.load import load_config
from config.profile import load_profile, profile_names

GIVEN = ["--name", "oms", "--number", "88003013337", "--operators", "3", "--trunk", "192.0.2.1", "--yes"]


def init(tmp_path, *arguments: str) -> int:
    """Run the command with a file of its own."""
    return run(["--config", str(tmp_path / "etc" / "acd.toml"), "--lang", "en", "init", *arguments])


@pytest.mark.parametrize("profile", profile_names())
def test_every_profile_makes_a_site_that_can_be_loaded(tmp_path, capsys, profile):
    """With the zone, the number and what the regulation demands; secrets are all different and closed to others."""
    assert init(tmp_path, "--profile", profile, *GIVEN, "--data", str(tmp_path / "data")) == 0
    config = load_config(tmp_path / "etc" / "acd.toml")
    assert config.site.time_zone == load_profile(profile).time_zone
    assert config.lines[0].numbers == ("88003013337",)
    assert [operator.number for operator in config.operators] == ["101", "102", "103"]
    assert config.lines[0].callback is not None
    held = [*(tmp_path / "etc" / "secrets").iterdir()]
    assert len({path.read_text(encoding="utf-8") for path in held}) == len(held) == 7
    for path in (*held, tmp_path / "etc" / "acd.toml"):
        assert stat.S_IMODE(path.stat().st_mode) & stat.S_IRWXO == 0
    text = (tmp_path / "etc" / "acd.toml").read_text(encoding="utf-8")
    assert not any(path.read_text(encoding="utf-8").strip() in text for path in held if path.name == "ami")
    assert "prompts build" in capsys.readouterr().out


def test_what_the_regulation_demands_is_not_left_out(tmp_path):
    """UDM 5.3: talks are recorded, whatever is asked for."""
    assert init(tmp_path, "--profile", "udmurtia-oms", *GIVEN, "--no-record", "--no-call-back") == 0
    config = load_config(tmp_path / "etc" / "acd.toml")
    assert config.lines[0].recording is not None
    assert config.lines[0].callback is None


def test_nothing_is_overwritten(tmp_path, capsys):
    """A second run says so and changes nothing."""
    assert init(tmp_path, "--profile", "saratov-122", *GIVEN) == 0
    before = (tmp_path / "etc" / "acd.toml").read_bytes()
    assert init(tmp_path, "--profile", "udmurtia-oms", *GIVEN) == 2
    assert "is not overwritten" in capsys.readouterr().err
    assert (tmp_path / "etc" / "acd.toml").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--profile", "nowhere", *GIVEN], "No profile nowhere"),
        (["--profile", "kemerovo-support", "--yes"], "--number"),
        (["--profile", "saratov-122", "--yes"], "--trunk"),
        (["--profile", "saratov-122", *GIVEN, "--trunk", "no address"], "trunk[1].match[1]"),
        (["--profile", "saratov-122", *GIVEN, "--first-operator", "1x"], "1x is no number"),
    ],
)
def test_what_cannot_be_is_told_and_leaves_nothing_behind(tmp_path, capsys, arguments, told):
    """A wrong answer, or one that is missing where nobody can be asked."""
    assert init(tmp_path, *arguments) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "etc" / "acd.toml").exists()
    assert not (tmp_path / "etc" / "secrets").exists()


def test_folders_are_told_with_owner_and_mode(tmp_path, capsys):
    """What Asterisk writes is Asterisk's and open to the daemon's group, the rest the daemon's; none is told twice."""
    data = tmp_path / "data of the site"
    assert init(tmp_path, "--profile", "udmurtia-oms", *GIVEN, "--data", str(data)) == 0
    capsys.readouterr()
    assert run(["--config", str(tmp_path / "etc" / "acd.toml"), "folders"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"2750 acd {data}",
        f"2770 asterisk {data}/messages",
        f"2750 acd {data}/prompts",
        f"2770 asterisk {data}/recordings",
        f"2770 asterisk {data}/recordings/incoming",
    ]
