"""The files that Asterisk loads follow the contract in docs/architecture.md, whatever the site's configuration."""

import re

import pytest

from acd.asterisk_conf import INCLUDED, Member, fallback_members, render
from config.load import load_config
from tests.config.sample import ENVIRON, SAMPLE, spoilt, written


def files(directory, text=SAMPLE):
    """Render a configuration for its first server."""
    config = load_config(written(directory, text), ENVIRON)
    return render(config, config.servers[0])


def section(text: str, name: str) -> list[str]:
    """Return the lines of one section, comments left out."""
    lines: list[str] = []
    inside = False
    for line in text.splitlines():
        if line.startswith("["):
            inside = line.startswith(f"[{name}]")
        elif inside and line.strip() and not line.lstrip().startswith(";"):
            lines.append(line.strip())
    return lines


def test_whole_directory_is_rendered(tmp_path):
    """A fresh Asterisk finds every file that it needs, and those for an existing one are among them."""
    rendered = files(tmp_path)
    assert set(INCLUDED) < set(rendered)
    assert {"asterisk.conf", "modules.conf", "logger.conf", "rtp.conf"} < set(rendered)
    for name in ("extensions", "features", "manager", "musiconhold", "pjsip", "queues"):
        assert f"#include acd-{name}.conf" in rendered[f"{name}.conf"]


def test_rendering_is_repeatable(tmp_path):
    """The same configuration gives the same bytes: a second run changes nothing."""
    assert files(tmp_path) == files(tmp_path)


def test_every_called_number_enters_its_line(tmp_path):
    """A call to any number of a line carries its identity into the hook, sanitised, before it is answered."""
    incoming = section(files(tmp_path)["acd-extensions.conf"], "acd-incoming")
    entered = [line for line in incoming if line.startswith("exten => ")]
    assert [line.split(" => ")[1].split(",")[0] for line in entered] == ["122", "+78452000122", "123"]
    for line in entered:
        assert "__ACD_CALL=pbx1-${UNIQUEID}" in line
        assert "ACD_STAGE=new" in line
        assert "CALLERID(all)=${FILTER(" in line


def test_nothing_from_outside_can_dial_out(tmp_path):
    """Toll fraud has no way in: trunks reach the lines' numbers only, by literal extensions, with no include."""
    incoming = section(files(tmp_path)["acd-extensions.conf"], "acd-incoming")
    assert not any("Dial(" in line or "include" in line or "exten => _" in line for line in incoming)


def test_the_hook_is_called_as_the_daemon_expects(tmp_path):
    """The daemon finds call, line, entry and stage in the order of the contract."""
    line = section(files(tmp_path)["acd-extensions.conf"], "acd-line")
    told = "${ACD_CALL},${ACD_LINE},${ACD_ENTERED},${ACD_STAGE},${STRFTIME(,,%s.%3q)}"
    hook = f"same => n(hook),AGI(agi://127.0.0.1:4573/call,{told})"
    assert line.count(hook) == 2


def test_daemon_elsewhere_is_called_there(tmp_path):
    """Asterisk calls the address that the site advertises, not the one that the daemon binds."""
    text = spoilt("[[asterisk]]", '[agi]\nlisten = "0.0.0.0:4574"\nadvertise = "acd.example:4575"\n[[asterisk]]')
    assert "AGI(agi://acd.example:4575/call," in files(tmp_path, text)["acd-extensions.conf"]


def test_caller_supplied_values_meet_a_filter_wherever_they_are_read(tmp_path):
    """No expression of the dialplan reads a number, a name or a dialled extension that FILTER() has not seen."""
    text = files(tmp_path)["acd-extensions.conf"]
    raw = re.findall(r"\$\{(?:CALLERID\((?:num|name)\)|EXTEN[^}]*)\}", text)
    filtered = re.findall(r"\$\{FILTER\([^$]*\$\{(?:CALLERID\((?:num|name)\)|EXTEN[^}]*)\}\)\}", text)
    journal = section(text, "acd-ended")
    in_journal = sum(line.count("${CALLERID(num)}") for line in journal)  # set from the filtered value at the entry
    assert len(raw) == len(filtered) + in_journal


def test_every_destination_can_be_left_for(tmp_path):
    """A name that the engine may answer with is an extension, and any other name ends in a logged hang-up."""
    leave = section(files(tmp_path)["acd-extensions.conf"], "acd-leave")
    names = {line.split(" => ")[1].split(",")[0] for line in leave if line.startswith("exten")}
    own, of_profile = {"sorry", "to-first", "outside"}, {"saratov-busy", "saratov-closed"}
    assert names == {"served", "hangup", "i"} | own | of_profile
    assert any("Dial(PJSIP/84521234567@trunk-city,45)" in line for line in leave)


def test_telephones_that_register_have_a_password_and_one_contact(tmp_path):
    """A telephone is known by its endpoint's name and its secret."""
    text = files(tmp_path)["acd-pjsip.conf"]
    op101 = section(text, "op101")
    assert {"type = auth", "username = op101", "password = phone-s3cret", "max_contacts = 1"} <= set(op101)
    assert "callerid = <101>" in op101
    assert "context = acd-operators" in text


def test_telephones_of_others_are_not_written(tmp_path):
    """What FreePBX has defined is dialled and left alone."""
    text = spoilt('name = "op101"\nsecret = { env = "PHONE_SECRET" }', 'name = "op101"\nexternal = true')
    rendered = files(tmp_path, text)
    assert "[op101]" not in rendered["acd-pjsip.conf"]
    assert "member => PJSIP/op101,0,101" in rendered["acd-queues.conf"]


def test_trunk_by_registration_is_recognised_without_addresses(tmp_path):
    """A provider that we log in to needs no list of addresses."""
    registration = 'registration = { server = "sip.example", user = "78452", secret = { env = "PHONE_SECRET" } }'
    text = files(tmp_path, spoilt('match = ["192.0.2.1"]', registration))["acd-pjsip.conf"]
    trunk = section(text, "trunk-city")
    assert {"type = registration", "server_uri = sip:sip.example:5060", "line = yes"} <= set(trunk)
    assert "type = identify" not in trunk


def test_daemons_user_has_the_least_rights(tmp_path):
    """The AMI user may see calls and act on them, from loopback only, and may neither run commands nor change files."""
    manager = section(files(tmp_path)["acd-manager.conf"], "acd")
    assert "secret = ami-s3cret" in manager
    assert manager.index("deny = 0.0.0.0/0.0.0.0") < manager.index("permit = 127.0.0.1/32")
    assert "read = call,dtmf,system,user" in manager
    assert "write = call,reporting,agent" in manager


def test_only_operators_telephones_hear_the_keys_of_a_talk(tmp_path):
    """The feature is on the operators' endpoints alone; a site that wants none has no trace of it."""
    rendered = files(tmp_path)
    assert 'acd-questioned => *7,self,Gosub,"acd-questioned,s,1"' in rendered["acd-features.conf"]
    telephones, trunk = (section(rendered["acd-pjsip.conf"], name) for name in ("acd-telephone", "trunk-city"))
    assert "set_var = DYNAMIC_FEATURES=acd-questioned" in telephones
    assert not any("DYNAMIC_FEATURES" in line for line in trunk)
    off = files(tmp_path, SAMPLE + '\n[in_talk]\nquestioning_over = ""\n')
    for name in ("acd-features.conf", "acd-pjsip.conf", "acd-extensions.conf"):
        assert "acd-questioned" not in "\n".join(x for x in off[name].splitlines() if not x.startswith(";")), name
    assert "read = call,dtmf,system" in section(off["acd-manager.conf"], "acd")


def event(name: str, number: str) -> str:
    """Return an AMI event of a channel as Asterisk writes it, the caller's number as he has written it."""
    headers = [
        f"Event: {name}",
        "Privilege: call,all",
        "Channel: PJSIP/trunk-city-00000001",
        "ChannelState: 4",
        "ChannelStateDesc: Ring",
        f"CallerIDNum: {number}",
        "CallerIDName: x",
        "ConnectedLineNum: <unknown>",
        "Uniqueid: 1795304879.12",
    ]
    return "\r\n".join(headers) + "\r\n\r\n"


def passes(text: str, happened: str) -> bool:
    """Judge an event as Asterisk does: some white pattern matches and no black one."""
    patterns = [
        line.removeprefix("eventfilter = ").replace("[:cntrl:]", r"\x00-\x1f\x7f")
        for line in section(text, "acd")
        if line.startswith("eventfilter")
    ]
    black = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
    white = [pattern for pattern in patterns if not pattern.startswith("!")]
    return any(re.search(p, happened, re.DOTALL) for p in white) and not any(
        re.search(p, happened, re.DOTALL) for p in black
    )


@pytest.mark.parametrize("name", ["Newchannel", "Hangup", "HangupRequest", "DTMFEnd"])
def test_events_of_calls_pass_the_filter(tmp_path, name):
    """What the daemon lives by reaches it."""
    assert passes(files(tmp_path)["acd-manager.conf"], event(name, "+79001234567"))


@pytest.mark.parametrize("name", ["VarSet", "Newstate", "HangupHandlerRun", "RTCPSent", "QueueMemberStatus"])
def test_other_events_do_not(tmp_path, name):
    """Asterisk sends only what is used."""
    assert not passes(files(tmp_path)["acd-manager.conf"], event(name, "1"))


def test_no_event_that_the_daemon_is_sent_is_made_impossible(tmp_path):
    """What an Asterisk of our own does not even make are events that the filter would hold back anyway."""
    rendered = files(tmp_path, SAMPLE)
    (names,) = [line for line in section(rendered["manager.conf"], "general") if line.startswith("disabledevents")]
    disabled = names.partition("= ")[2].split(",")
    assert {"Newexten", "Newstate"} < set(disabled)
    assert [name for name in disabled if passes(rendered["acd-manager.conf"], event(name, "1"))] == []


@pytest.mark.parametrize(
    "number",
    [
        "1\r\n\r\nEvent: Hangup\r\nUniqueid: 7",
        "1\r\nUniqueid: 7",
        "1\r\nCallerIDName: y\r\nUniqueid: 7",
        "1\r\nCallerIDName: y\r\nConnectedLineNum: z\r\nChannel: PJSIP/op101-1",
        "1\nUniqueid: 7",
    ],
)
def test_forged_events_do_not_either(tmp_path, number):
    """A number with line breaks, which Asterisk 16.28 and 22.10 do not escape, cannot make up what happened."""
    assert not passes(files(tmp_path)["acd-manager.conf"], event("Newchannel", number))


def test_fallback_queue_has_the_operators_of_each_line(tmp_path):
    """Asterisk's own queue rings whoever serves the line and has a telephone of his own."""
    config = load_config(written(tmp_path), ENVIRON)
    assert fallback_members(config, config.servers[0]) == (Member("saratov-122", "PJSIP/op101", "101"),)
    rows = section(render(config, config.servers[0])["acd-queues.conf"], "saratov-122")
    assert "member => PJSIP/op101,0,101" in rows
    assert "ringinuse = no" in rows


def test_server_on_one_address_binds_speech_to_it(tmp_path):
    """Then Asterisk has no need to look up its own name for every call."""
    sip = 'name = "pbx1"\nsip = { bind = "192.0.2.9" }'
    assert "bind_rtp_to_media_address = yes" in files(tmp_path, spoilt('name = "pbx1"', sip))["acd-pjsip.conf"]
    assert "bind_rtp_to_media_address" not in files(tmp_path)["acd-pjsip.conf"]


def test_each_server_knows_its_own_telephones(tmp_path):
    """With two servers a telephone is defined where it registers, and is a member of the queue there."""
    second = '[[asterisk]]\nname = "pbx2"\nhost = "192.0.2.8"\nami_secret = { env = "AMI_SECRET" }\n\n[[line]]'
    text = spoilt("[[line]]", second).replace('name = "op101"\n', 'name = "op101"\nserver = "pbx2"\n')
    config = load_config(written(tmp_path, text), ENVIRON)
    first, other = (render(config, server) for server in config.servers)
    assert "[op101]" not in first["acd-pjsip.conf"]
    assert "[op101]" in other["acd-pjsip.conf"]
    assert "PJSIP/op101" not in first["acd-queues.conf"]
    assert "__ACD_CALL=pbx2-${UNIQUEID}" in other["acd-extensions.conf"]


OUTSIDE = """
[[destination]]
kind = "number"
name = "hot-line"
number = "88005550000"
trunk = "city"
dial_as = "889"

[recording]
folder = "recordings"
"""


@pytest.mark.parametrize(
    ("recording", "begins"),
    [
        ((), "U(acd-answered)"),
        (("saratov-122",), 'U(${IF(${REGEX("^(saratov-122)$" ${ACD_LINE})}?acd-recorded:acd-answered)})'),
        (("saratov-122", "second"), "U(acd-recorded)"),
    ],
)
def test_talk_outside_is_recorded_as_the_callers_line_says(tmp_path, recording, begins):
    """None, some or all of the lines: the caller's own decides."""
    text = SAMPLE + OUTSIDE
    for line in recording:
        text = text.replace(f'name = "{line}"\n', f'name = "{line}"\nrecording = {{ keep_days = 1 }}\n', 1)
    outside = section(files(tmp_path, text)["acd-extensions.conf"], "acd-outside")
    (dialled,) = [line for line in outside if "Dial(" in line]
    assert dialled.endswith(f",{begins})")


def test_line_is_asked_by_waiting_in_it_where_operators_ask(tmp_path):
    """Dialled for a talk it leads into the line, and notes nothing on the caller's channel; else it is no number."""
    rendered = files(tmp_path, SAMPLE + '\n[in_talk]\nask = "*4"\n')["acd-extensions.conf"]
    (dialled,) = [line for line in section(rendered, "acd-operators") if line.startswith("exten => 122,1,")]
    assert dialled.endswith('GotoIf($["${CHANNEL(channeltype)}" = "Local"]?acd-ask-line,saratov-122,1)')
    waits = section(rendered, "acd-ask-line")
    assert "_ACD_ALONE=1" in waits[0]
    assert "CALLERID(all)=${FILTER(" in waits[0]
    assert waits[1:3] == ["same => n,Answer()", "same => n,Goto(acd-again,saratov-122,next)"]
    noted = '${IF($["${ACD_ALONE}" = ""]?MASTER_CHANNEL(ACD_ANSWERED):ACD_ANSWERED)}=${STRFTIME(,,%s%3q)}'
    assert noted in section(rendered, "acd-answered")[0]
    without = files(tmp_path)["acd-extensions.conf"]
    assert "acd-ask-line" not in without
    (dialled,) = [line for line in section(without, "acd-operators") if line.startswith("exten => 122,1,")]
    assert dialled.endswith('ExecIf($["${CHANNEL(channeltype)}" = "Local"]?Hangup())')


def test_whom_an_operator_asks_is_recorded_from_his_answer_on_where_the_site_wants_it(tmp_path):
    """In talks of lines that record and of no other, and not while nothing is recorded."""
    text = SAMPLE.replace('name = "saratov-122"\n', 'name = "saratov-122"\nrecording = { keep_days = 1 }\n', 1)
    plain = section(files(tmp_path, text + OUTSIDE)["acd-extensions.conf"], "acd-asked")
    assert not any("MixMonitor" in line for line in plain)
    wanted = (text + OUTSIDE).replace('folder = "recordings"', 'folder = "recordings"\nwhom_asked = true')
    asked = section(files(tmp_path, wanted)["acd-extensions.conf"], "acd-asked")
    assert any(
        'REGEX("^(saratov-122)$" ${ACD_ASKED_ON})} = 0 | "${ACD_RECORDING_OFF}" != ""]?done' in line for line in asked
    )
    (begun,) = [line for line in asked if "MixMonitor(" in line]
    assert "/incoming/mix_${ACD_TALK}.wav" in begun


SURVEY = """
[[survey]]
name = "satisfaction"
tries = 2

[[survey.question]]
name = "mark"
ask = ["beep"]
keys = ["1", "2", "3"]
"""


def test_a_survey_is_a_menu_of_its_own_and_a_line_asks_it_after_the_talk(tmp_path):
    """Only its keys are answers; without surveys there is no trace of them."""
    text = SAMPLE.replace("[[line]]", '[[line]]\nsurvey = "satisfaction"\nsurvey_share = 0.25', 1) + SURVEY
    rendered = files(tmp_path, text)
    extensions = rendered["acd-extensions.conf"]
    menu = section(extensions, "acd-survey")
    assert any("Read(ACD_PRESSED,beep,1,,1,6)" in line for line in menu)
    assert any("FILTER(123,${ACD_PRESSED})" in line for line in menu)
    assert any("${RAND(1,1000)} > 250" in line for line in section(extensions, "acd-ask"))
    assert any("acd-ask,${ACD_LINE},1" in line for line in section(extensions, "acd-leave"))
    assert "read = call,dtmf,system,user" in section(rendered["acd-manager.conf"], "acd")
    assert "acd-survey" not in files(tmp_path)["acd-extensions.conf"]
