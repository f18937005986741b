"""A configuration is read whole, or everything that is wrong with it is told."""

from pathlib import Path

import pytest

from config.errors import ConfigErrors
from config.load import load_config
from config.messages import TEXTS
from tests.config.sample import ENVIRON, SAMPLE, spoilt, written


def mistakes(directory: Path, text: str, environ: dict[str, str] = ENVIRON) -> dict[str, str]:
    """Return the mistakes of a configuration, reason by key."""
    with pytest.raises(ConfigErrors) as told:
        load_config(written(directory, text), environ)
    return {mistake.key: mistake.reason for mistake in told.value.mistakes}


def test_sound_configuration_is_read(tmp_path):
    """A line has its own values, its profile's where it gives none, and the product's where both are silent."""
    config = load_config(written(tmp_path), ENVIRON)
    first, second = config.lines
    assert (first.target_wait_s, first.max_wait_s, first.ring_s) == (60, 120, 20)
    assert (second.ring_s, second.weight) == (15, 1)
    assert config.profile_of(second).name == "saratov-122"
    assert config.operators[0].own_telephone == "op101"
    assert config.operators[1].own_telephone is None
    assert config.lines_of(config.operators[1]) == ("saratov-122", "second")


def test_secrets_come_from_files_and_environment_and_are_never_shown(tmp_path):
    """A secret can be asked for and does not turn up in any text made of the configuration."""
    config = load_config(written(tmp_path), ENVIRON)
    assert config.servers[0].ami_secret.reveal() == "ami-s3cret"
    assert config.operators[0].pin.reveal() == "4321"
    shown = repr(config) + str(config) + repr(config.servers[0].ami_secret)
    assert "s3cret" not in shown
    assert "4321" not in shown


@pytest.mark.parametrize(
    ("old", "new", "key", "reason"),
    [
        ('name = "saratov"\n', 'name = "saratov"\nregion = 64\n', "site.region", "not a known key"),
        ("ring_s = 15", "ring_z = 15", "line[2].ring_z", "did you mean ring_s?"),
        ("ring_s = 15", 'ring_s = "long"', "line[2].ring_s", "must be a number"),
        ("ring_s = 15", "ring_s = 0", "line[2].ring_s", "must be at least 1"),
        ("ring_s = 15", "ring_s = nan", "line[2].ring_s", "must be a finite number"),
        ("ring_s = 15", "target_wait_s = 130", "line[2].target_wait_s", "at most max_wait_s (120)"),
        ('name = "second"', 'name = "Second"', "line[2].name", "small Latin letters"),
        ('name = "second"', 'name = "served"', "line[2].name", "kept for the product"),
        ('name = "second"', 'name = "saratov1-22"', "line[2].name", "already used"),
        ('numbers = ["123"]', 'numbers = ["122"]', "line[2].numbers", "122 is already used by line[1].numbers"),
        (
            "[[asterisk]]",
            '[[destination]]\nkind = "appeal_state"\nname = "ask"\nnumbers = ["122"]\n[[asterisk]]',
            "destination[1].numbers",
            "122 is already used by line[1].numbers",
        ),
        ('numbers = ["123"]', 'numbers = ["101"]', "operator[1].number", "101 is already used by line[2].numbers"),
        ('numbers = ["123"]', 'numbers = ["12${X}"]', "line[2].numbers[1]", "telephone number"),
        ('numbers = ["123"]', "numbers = []", "line[2].numbers", "at least 1"),
        ('at_max_wait = "sorry"', 'at_max_wait = "sory"', "line[1].at_max_wait", "did you mean sorry?"),
        ('line = "saratov-122"', 'line = "saratov"', "destination[2].line", "did you mean saratov-122?"),
        ('line = "saratov-122"', 'line = "second"', "destination[2]", "never ends"),
        ('kind = "message"\nsounds', 'kind = "message"\nsound', "destination[1].sounds", "is missing"),
        ('"pls-try-call-later"', '"a,b"', "destination[1].sounds[2]", "name of a sound"),
        ('kind = "message"', 'kind = "song"', "destination[1]", "must be one of 'message'"),
        ('trunk = "city"', 'trunk = "town"', "destination[3].trunk", "no trunk is named town"),
        ('otherwise = "sorry"', 'otherwise = "none"', "destination[3].otherwise", "no destination"),
        ('address = "192.0.2.1:5060"', "", "trunk[1]", "needs address"),
        ('match = ["192.0.2.1"]', "", "trunk[1].match", "needs match, registration"),
        ('match = ["192.0.2.1"]', 'match = ["192.0.2.999"]', "trunk[1].match[1]", "address or a network"),
        ('lines = ["saratov-122"]', 'lines = ["saratov"]', "operator[1].lines", "did you mean saratov-122?"),
        ('lines = ["saratov-122"]', 'telephone = "op7"', "operator[1].telephone", "no telephone is named op7"),
        (
            "hot_desk = true",
            "hot_desk = true\nlevels = { first = 2 }",
            "operator[2].levels.first",
            "no line is named first",
        ),
        ("ring_s = 15", 'strategy = "loudest"', "line[2].strategy", "must be one of 'longest_idle'"),
        ("hot_desk = true", 'telephone = "op101"', "operator[2].telephone", "already used by operator 101"),
        ('pin = { file = "pin101" }\nhot', "hot", "operator[2].pin", "needs a pin"),
        ('pin = { file = "pin101" }\nhot', 'pin = { file = "no" }\nhot', "operator[2].pin", "No such file"),
        ('pin = { file = "pin101" }\nhot', 'pin = "12;3"\nhot', "operator[2].pin", "outside ASCII"),
        ('pin = { file = "pin101" }\nhot', 'pin = "1234"\nhot', "operator[2].pin", "only with site.lab"),
        ('pin = { file = "pin101" }\nhot', "pin = { vault = 1 }\nhot", "operator[2].pin", "{ file ="),
        ('{ env = "AMI_SECRET" }', '{ env = "NO_SUCH" }', "asterisk[1].ami_secret", "NO_SUCH is not set"),
        ('name = "reception"\nsecret = { env = "PHONE_SECRET" }', 'name = "b"', "telephone[2].secret", "has no secret"),
        ('name = "reception"', 'name = "op101"', "telephone[2].name", "already used"),
        ('name = "reception"', 'name = "a/b"', "telephone[2].name", "Latin letters"),
        ('"Europe/Saratov"', '"Europe/Nowhere"', "site.time_zone", "no known time zone"),
        ('profile = "saratov-122"', 'profile = "saratov"', "site.profile", "did you mean saratov-122?"),
        ("[[asterisk]]", '[agi]\nlisten = "x"\n[[asterisk]]', "agi.listen", "host:port"),
        ("[[asterisk]]", '[control]\nlisten = "0.0.0.0:1"\n[[asterisk]]', "control.listen", "loopback"),
        ("[[asterisk]]", '[mqtt]\nhost = "broker.example"\ntls = false\n[[asterisk]]', "mqtt.host", "not encrypted"),
        ("[[asterisk]]", '[control]\nlisten = "127.0.0.1:4573"\n[[asterisk]]', "control.listen", "already used by agi"),
        ("[[asterisk]]", '[codes]\nlogin = "*1"\n[[asterisk]]', "codes.login", "beginning of another"),
        ("[[asterisk]]", '[codes]\nlogin = "10"\n[[asterisk]]', "codes.login", "* or #"),
        ('name = "pbx1"', 'name = "pbx1"\nrtp = { first = 9, last = 8 }', "asterisk[1].rtp.first", "below last"),
    ],
)
def test_mistake_is_told_with_its_key_and_a_plain_reason(tmp_path, old, new, key, reason):
    """One mistake in the file is one line about the key where it stands."""
    told = mistakes(tmp_path, spoilt(old, new))
    assert key in told
    assert reason in told[key]


def test_all_mistakes_are_told_at_once(tmp_path):
    """Whoever writes the file mends it once, not once per mistake."""
    text = spoilt("ring_s = 15", "ring_s = 0\nwrap_up_s = -1").replace('"192.0.2.1"]', '"x"]')
    assert set(mistakes(tmp_path, text)) == {"line[2].ring_s", "line[2].wrap_up_s", "trunk[1].match[1]"}


def test_every_mistake_has_its_text_in_russian(tmp_path):
    """The Russian text names the same file and key, and the hint is Russian too."""
    with pytest.raises(ConfigErrors) as told:
        load_config(written(tmp_path, spoilt("ring_s = 15", "ring_z = 15")), ENVIRON)
    assert told.value.text("ru") == f"{tmp_path / 'acd.toml'}: line[2].ring_z: неизвестный ключ; может быть, ring_s?"


@pytest.mark.parametrize("kind", sorted(TEXTS))
def test_both_languages_say_the_same(kind):
    """The texts of a mistake ask for the same particulars in both languages."""
    english, russian = ({part.split("}")[0] for part in text.replace("{{", "").split("{")[1:]} for text in TEXTS[kind])
    assert english == russian


@pytest.mark.parametrize(("content", "reason"), [(b"[site\n", "not valid TOML"), (b"\xff\xfe", "not valid TOML")])
def test_file_that_is_no_toml(tmp_path, content, reason):
    """What cannot be parsed is one mistake of the whole file."""
    path = tmp_path / "acd.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigErrors) as told:
        load_config(path, {})
    (mistake,) = told.value.mistakes
    assert (mistake.file, mistake.key) == (path, "")
    assert reason in mistake.reason


def test_file_that_is_not_there(tmp_path):
    """A missing file is a mistake like any other, not a traceback."""
    with pytest.raises(ConfigErrors, match="cannot be read: No such file"):
        load_config(tmp_path / "none.toml", {})


def test_range_stands_for_operators_and_telephones(tmp_path):
    """A row of operators needs five lines in the file."""
    row = 'first = "0098"\ncount = 4\ncontact = "sip:op{number}@127.0.0.3:5080"\nauto_login = true\n'
    text = spoilt('time_zone = "Europe/Saratov"', "lab = true") + f"\n[[operators_range]]\n{row}"
    config = load_config(written(tmp_path, text), ENVIRON)
    assert [operator.number for operator in config.operators[2:]] == ["0098", "0099", "0100", "0101"]
    assert all(operator.auto_login for operator in config.operators[2:])
    assert config.telephones[-1].name == "op0101"
    assert config.telephones[-1].contact == "sip:op0101@127.0.0.3:5080"


def test_range_may_not_outgrow_its_numbers(tmp_path):
    """Numbers of a row are of one length, or one would be the beginning of another."""
    text = SAMPLE + '\n[[operators_range]]\nfirst = "98"\ncount = 3\n'
    assert "operators_range[1].count" in mistakes(tmp_path, text)


def test_relative_paths_start_at_the_file(tmp_path):
    """A configuration can be moved with the files beside it."""
    text = SAMPLE + '\n[database]\nspool = "spool/facts"\n\n[[music]]\nname = "calm"\ndirectory = "music"\n'
    config = load_config(written(tmp_path, text), ENVIRON)
    assert config.database.spool == tmp_path / "spool/facts"
    assert config.music[0].directory == tmp_path / "music"
