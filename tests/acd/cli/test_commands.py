"""The command line as a person or a script uses it: in this process, against a daemon's API that really listens."""

import asyncio
import json
import sqlite3

import pytest
from typer.main import get_command

from acd.cli.help import untold
from acd.cli.main import application, run
from acd.clock import wall_time
from acd.control.access import ensure_token_file
from queue_engine.ids import AgentId
from queue_engine.inputs import AgentPaused
from tests.acd.stage import LINE, write_site


async def test_status_is_a_stable_table_when_piped(centre, acd):
    """Off a terminal: one line of headings, tab-separated cells, no colour."""
    centre.call()
    code, out, _ = await acd(centre, "--lang", "en", "status")
    head, line, *rest = out.splitlines()
    assert code == 0
    assert head.split("\t")[:3] == ["Line", "Waiting", "Longest"]
    assert line.split("\t")[:3] == ["122", "1", "0 s"]
    assert rest[0] == "Operators: logged out 2"
    assert "\x1b" not in out


async def test_nothing_that_others_wrote_moves_the_cursor(centre, acd):
    """A pause's reason and a caller's number with orders to the terminal are shown, not obeyed."""
    centre.log_in()
    centre.call("+7927\x1b[2J")
    centre.answer()
    centre.post(AgentPaused(AgentId("102"), "lunch\x1b]0;x\x07", "test"))
    for command in (("agents",), ("calls",), ("status",), ("top", "--once")):
        code, out, _ = await acd(centre, *command)
        assert code == 0
        assert not set(out) & {"\x1b", "\x07"}


async def test_status_is_json_when_asked(centre, acd):
    """A script gets what the API says."""
    _, out, _ = await acd(centre, "status", "--json")
    assert json.loads(out)["lines"][0]["line"] == LINE


async def test_trouble_is_told_in_plain_words(centre, acd):
    """What is wrong around the daemon stands under the table, in the reader's language."""
    server = centre.health_now.servers[0]
    centre.worsen(
        servers=(type(server)("main", up=False, since=centre.at, reason="[Errno 111]"),),
        database_up=False,
        spooled=10240,
        held=3,
        lost=2,
        set_aside=1,
        records_error="spool: [Errno 28] No space left on device",
        agi_listening=False,
        draining=True,
    )
    _, out, _ = await acd(centre, "--lang", "ru", "status")
    assert "вызовы не принимаются" in out
    assert "нет связи 0 с: [Errno 111]" in out
    assert "ждут 10 КБ записей" in out
    assert "в памяти ждут 3, потеряно 2" in out
    assert "1 база данных не приняла" in out
    assert "[Errno 28] No space left" in out
    assert "останавливается" in out


async def test_operator_is_paused_and_brought_back(centre, acd):
    """Each action says the state that came of it."""
    assert (await acd(centre, "--lang", "en", "agents", "login", "101"))[1] == "Анна [101]: Ready\n"
    code, out, _ = await acd(centre, "--lang", "en", "agents", "pause", "101", "--reason", "lunch", "--minutes", "30")
    assert (code, out) == (0, "Анна [101]: Paused (lunch)\n")
    assert "Paused" in (await acd(centre, "--lang", "en", "agents", "--state", "paused"))[1]
    assert json.loads((await acd(centre, "agents", "resume", "101", "--json"))[1])["state"] == "ready"
    assert (await acd(centre, "agents", "end-wrap-up", "101"))[0] == 0
    assert (await acd(centre, "--lang", "en", "agents", "logout", "101"))[1].startswith("Анна [101]: Logged out")


async def test_what_waits_for_the_end_of_a_talk_is_said(centre, acd):
    """A pause asked for during a call is announced for after it."""
    centre.log_in()
    centre.call()
    centre.answer()
    _, out, _ = await acd(centre, "--lang", "en", "agents", "pause", "101", "--reason", "lunch")
    assert out.splitlines() == ["Анна [101]: Talking", "It will be done after the call."]


async def test_operators_are_listed_with_whom_they_talk_to(centre, acd):
    """The table names operator, telephone and caller; a name with brackets stays as it is."""
    centre.log_in()
    centre.call()
    centre.answer()
    _, out, _ = await acd(centre, "--lang", "en", "agents")
    first = out.splitlines()[1].split("\t")
    assert (first[1], first[2], first[5], first[6]) == ("Анна [101]", "Talking", "op101", "+79271234567")


async def test_calls_are_listed_and_put_elsewhere(centre, acd):
    """The table names the callers in their order; a higher class goes first; what cannot be done is told."""
    centre.call(name="main-1.1")
    centre.call(name="main-1.2")
    _, out, _ = await acd(centre, "--lang", "en", "calls")
    assert [line.split("\t")[0] for line in out.splitlines()] == ["Call", "main-1.1", "main-1.2"]
    _, out, _ = await acd(centre, "--lang", "en", "calls", "priority", "main-1.2", "5")
    assert out.splitlines()[1].split("\t")[3] == "1"
    _, out, _ = await acd(centre, "calls", "--line", LINE, "--json")
    assert [call["call"] for call in json.loads(out)["calls"]] == ["main-1.2", "main-1.1"]
    assert (await acd(centre, "--lang", "en", "calls", "give", "main-1.1", "101"))[2] == (
        "Error: This operator takes no calls now\n"
    )
    assert (await acd(centre, "calls", "move", "main-1.1", "112"))[0] == 4
    assert (await acd(centre, "calls", "give", "main-9.9", "101", "--json"))[0] == 4


async def test_unknown_operator_is_refused_without_a_traceback(centre, acd):
    """Exit code 4 and one plain sentence."""
    code, _, complaint = await acd(centre, "--lang", "ru", "agents", "login", "999")
    assert (code, complaint) == (4, "Ошибка: Такого оператора нет\n")


async def test_strange_operator_number_cannot_leave_its_place(centre, acd):
    """A number with slashes asks for no other path."""
    code, _, _ = await acd(centre, "agents", "login", "../../reload")
    assert code == 4


async def test_reload_says_what_came_of_it(centre, acd):
    """Taken: 0. Not taken: 2 and the mistakes."""
    assert (await acd(centre, "--lang", "en", "reload"))[:2] == (0, "The configuration is in force.\n")
    centre.mistakes = ["acd.toml: site.name: is missing"]
    code, _, complaint = await acd(centre, "reload")
    assert code == 2
    assert "site.name: is missing" in complaint
    code, out, _ = await acd(centre, "reload", "--json")
    assert (code, json.loads(out)["reloaded"]) == (2, False)


async def test_daemon_that_does_not_run_is_exit_code_3(stage, acd):
    """Without a token file, and with one but nobody there."""
    assert (await acd(stage, "status"))[0] == 3
    ensure_token_file(stage.config.database.spool.parent / "control.token")
    code, _, complaint = await acd(stage, "--lang", "en", "status")
    assert code == 3
    assert "does not answer" in complaint


async def test_wrong_token_is_refused(centre, acd, monkeypatch):
    """A token of the environment counts before the file's, and an unknown one is told."""
    monkeypatch.setenv("ACD_TOKEN", "nonsense")
    code, _, complaint = await acd(centre, "--lang", "en", "status")
    assert code == 4
    assert "does not know this token" in complaint


async def test_token_is_given_out_used_and_taken_back(centre, acd, monkeypatch):
    """A supervisor's token works until it is revoked; its making and its end are in the trail."""
    sqlite3.connect(centre.config_path.parent / "acd.db").close()  # the daemon's records have made it
    _, token, _ = await acd(centre, "tokens", "make", "chief", "--role", "supervisor", "--days", "1")
    monkeypatch.setattr(centre, "now", wall_time)
    monkeypatch.setenv("ACD_TOKEN", token.strip())
    assert (await acd(centre, "agents", "login", "101"))[0] == 0
    assert (await acd(centre, "reload"))[0] == 4
    _, out, _ = await acd(centre, "tokens", "list", "--json")
    (listed,) = json.loads(out)
    assert (listed["name"], listed["role"], listed["revoked_at"]) == ("chief", "supervisor", None)
    assert token.strip() not in out
    assert (await acd(centre, "tokens", "revoke", listed["id"]))[0] == 0
    assert (await acd(centre, "tokens", "revoke", listed["id"]))[0] == 4
    assert (await acd(centre, "status"))[0] == 4
    assert "no longer" in (await acd(centre, "--lang", "en", "tokens", "list"))[1]
    _, out, _ = await acd(centre, "audit", "--json")
    actions = [(entry["entry"]["action"], entry["entry"]["outcome"]) for entry in json.loads(out)]
    assert actions == [
        ("make token", "done"),
        ("POST /v1/agents/101/login", "done"),
        ("POST /v1/reload", "not_allowed"),
        ("revoke token", "done"),
        ("revoke token", "done"),
    ]
    assert "POST /v1/reload" in (await acd(centre, "audit", "--after", "2", "--limit", "1"))[1]


@pytest.mark.parametrize("options", [["--role", "operator"], ["--role", "supervisor", "--agent", "101"]])
async def test_token_that_makes_no_sense_is_not_made(stage, acd, options):
    """An operator's token, and no other, names the operator."""
    sqlite3.connect(stage.config_path.parent / "acd.db").close()
    code, _, complaint = await acd(stage, "tokens", "make", "x", *options)
    assert code == 2
    assert "operator" in complaint


async def test_token_for_an_unknown_operator_is_not_made(stage, acd):
    """A misspelt number would be a token for nobody."""
    assert (await acd(stage, "tokens", "make", "x", "--role", "operator", "--agent", "999"))[0] == 2


async def test_trail_without_a_database_is_exit_code_5(stage, acd):
    """A folder where the file should be: told as the database's fault."""
    (stage.config_path.parent / "acd.db").mkdir()
    assert (await acd(stage, "audit"))[0] == 5


async def test_mistakes_of_the_configuration_are_all_told(stage, acd):
    """Exit code 2, every mistake with its key, no traceback."""
    stage.config_path.write_text("[site]\nnome = 'x'\n", encoding="utf-8")
    code, _, complaint = await acd(stage, "--lang", "ru", "status")
    assert code == 2
    assert "site.name: не задан" in complaint
    assert "site.nome" in complaint


async def test_asterisk_conf_writes_once_and_then_compares(stage, acd, tmp_path):
    """The first run makes files, the second changes nothing, and `--diff` tells by its exit code."""
    into = tmp_path / "asterisk"
    code, out, _ = await acd(stage, "--lang", "en", "asterisk-conf", "--output", str(into), "--diff")
    assert (code, into.exists()) == (1, False)
    code, out, _ = await acd(stage, "--lang", "en", "asterisk-conf", "--output", str(into))
    assert code == 0
    assert f"made {into}/acd-extensions.conf" in out.splitlines()
    code, out, _ = await acd(stage, "--lang", "en", "asterisk-conf", "--output", str(into))
    assert out == f"All files in {into} are as they should be.\n"
    assert (await acd(stage, "asterisk-conf", "--output", str(into), "--diff"))[0] == 0


async def test_asterisk_conf_takes_the_configuration_after_the_command_too(stage, tmp_path, capsys):
    """`acd asterisk-conf --config FILE` is the same as `acd --config FILE asterisk-conf`."""
    arguments = ["asterisk-conf", "--config", str(stage.config_path), "--output", str(tmp_path / "a"), "--whole"]
    assert await asyncio.to_thread(run, arguments) == 0
    assert "asterisk.conf" in capsys.readouterr().out


async def test_asterisk_conf_for_an_unknown_server_is_told(stage, acd, tmp_path):
    """The known servers are named."""
    code, _, complaint = await acd(
        stage, "--lang", "en", "asterisk-conf", "--output", str(tmp_path / "a"), "--server", "nowhere"
    )
    assert (code, complaint) == (2, "Error: No server is named nowhere; known: main\n")


async def test_asterisk_conf_into_a_file_is_told(stage, acd, tmp_path):
    """Where nothing can be written, the reason is the system's."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    code, _, complaint = await acd(stage, "asterisk-conf", "--output", str(tmp_path / "file"))
    assert code == 2
    assert str(tmp_path / "file") in complaint


async def test_report_without_records_is_exit_code_5(stage, acd):
    """No database yet: told as such, and none is made that would belong to the wrong user."""
    code, _, complaint = await acd(stage, "--lang", "en", "report", "kpi")
    assert code == 5
    assert "the file does not exist" in complaint
    assert (await acd(stage, "tokens", "list"))[0] == 5
    assert [file.name for file in stage.config_path.parent.iterdir()] == ["acd.toml"]


@pytest.mark.parametrize("options", [["--from", "yesterday"], ["--from", "2026-11-21", "--to", "2026-11-20"]])
async def test_period_that_is_none_is_told(stage, acd, options):
    """A wrong date is exit code 2 with the reason."""
    code, _, complaint = await acd(stage, "report", "kpi", *options)
    assert code == 2
    assert options[-1] in complaint


async def test_report_on_an_unknown_line_names_the_known(stage, acd):
    """A misspelt line is no empty report."""
    code, _, complaint = await acd(stage, "--lang", "en", "report", "kpi", "--line", "112")
    assert (code, complaint) == (2, f"Error: No line is named 112; known: {LINE}\n")


@pytest.mark.parametrize(("language", "word"), [("ru", "Показать линии"), ("en", "Show the lines")])
def test_help_is_in_the_language_asked_for(capsys, language, word):
    """`--lang` counts for help as well."""
    assert run(["--lang", language, "--help"]) == 0
    assert word in capsys.readouterr().out


def test_every_help_text_exists_in_both_languages():
    """No option and no command was forgotten."""
    assert untold(get_command(application)) == []


def test_unknown_command_is_exit_code_2(capsys):
    """What is not understood is told on standard error."""
    assert run(["fly"]) == 2
    assert "fly" in capsys.readouterr().err


def test_version_is_told(capsys):
    """`--version` needs no configuration."""
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("acd ")


def test_wrong_log_level_is_told(tmp_path, capsys):
    """`run` with a level that does not exist starts nothing."""
    path = write_site(tmp_path)
    assert run(["--config", str(path), "--lang", "en", "run", "--log-level", "loud"]) == 2
    assert "No log level loud" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["acd.toml"]


async def test_somebody_is_asked_before_the_caller_is_handed_on(centre, acd):
    """`acd calls ask`, `join` and `back` in words and as JSON; each refusal of the daemon has its own."""
    centre.log_in()
    centre.call()
    centre.answer()
    off, nobody = "Asking first is off: [in_talk] ask is not set", "Nobody is being asked in this talk"
    for command, complaint in ((("ask", "102"), off), (("join",), nobody), (("back",), nobody)):
        refused = await acd(centre, "--lang", "en", "calls", command[0], "main-1.1", *command[1:])
        assert refused == (4, "", f"Error: {complaint}\n")
    done = []

    async def ask(call, to, by, *, agreed):
        done.append(("ask", call, to, by, agreed))
        return centre.transfers.targets()[0]

    async def ends(call):
        done.append(("ended", call))

    centre.transfers.ask = ask
    centre.transfers.join_asked = centre.transfers.ask_no_more = ends
    told = await acd(centre, "--lang", "en", "calls", "ask", "main-1.1", "102", "--consent")
    assert told[:2] == (0, "main-1.1: 102 is being asked\n")
    told = await acd(centre, "calls", "ask", "main-1.1", "102", "--json")
    assert json.loads(told[1])["to"] == {"to": "102", "kind": "operator", "dial": "102", "consent": False}
    told = await acd(centre, "--lang", "en", "calls", "join", "main-1.1")
    assert told[:2] == (0, "main-1.1: the caller is joined to whoever was asked\n")
    told = await acd(centre, "--lang", "ru", "calls", "back", "main-1.1")
    assert told[:2] == (0, "main-1.1: разговор с абонентом продолжается\n")
    told = await acd(centre, "calls", "back", "main-1.1", "--json")
    assert json.loads(told[1]) == {"call": "main-1.1", "asking": False}
    by = "console"
    assert done == [
        ("ask", "main-1.1", "102", by, True),
        ("ask", "main-1.1", "102", by, False),
        *[("ended", "main-1.1")] * 3,
    ]
