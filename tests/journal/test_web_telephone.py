"""The operator's telephone at the desk, without a browser: states, transfers, call-backs, the wallboard."""

import inspect
import re

from acd import transferring
from acd.journal.roles import Role
from acd.journal.store.talks import card_of_callback
from acd.journal.web.words import WORDS
from acd.recordings.outside import Outside
from queue_engine.facts import QuestioningEnded
from queue_engine.inputs import AgentBecameReachable, AgentBusyElsewhere, CallArrived, CallerHungUp
from tests.journal.website import BASE, form_token, opened, post


async def test_an_operator_works_his_telephone_from_the_desk(site):
    """On the line, pause with its reason, back, off the line: by the engine, with the operator as the actor."""
    site.floor.post(AgentBecameReachable("101"))
    client = await site.client(Role.OPERATOR_1)

    async def press(do, **fields):
        answer = await post(client, "/state", do=do, **fields)
        assert answer.status_code == 303
        return (await client.get(f"{BASE}/")).text

    assert "свободен" in await press("login")
    assert "пауза: Обед" in await press("pause", reason="lunch")
    assert (await post(client, "/state", do="pause", reason="обед")).status_code == 400  # no reason of this site
    assert "свободен" in await press("resume")
    assert "не на линии" in await press("logout")
    admin = await site.client(Role.ADMINISTRATOR)
    assert (await post(admin, "/state", do="login")).status_code == 400


async def talk(site, call="c1"):
    """Operator 101 logs in and answers a call."""
    site.floor.post(AgentBecameReachable("101"))
    site.floor.log_in()
    site.floor.post(CallArrived(call, site.desk.journal.service, "+79161234567", site.floor.at))
    site.floor.answer()


async def test_the_strip_of_the_telephone_is_drawn_by_itself(site):
    """Asked by the page's script, a deed answers with the strip alone: what is typed into a card stays."""
    site.floor.post(AgentBecameReachable("101"))
    client = await site.client(Role.OPERATOR_1)
    token = form_token(await client.get(f"{BASE}/"))
    inline = {"x-desk-inline": "1"}
    part = await client.post(f"{BASE}/state", data={"form_token": token, "do": "login"}, headers=inline)
    assert part.headers["x-desk-part"] == "phone.html"
    assert 'data-state="ready"' in part.text
    assert "<html" not in part.text
    assert 'data-state="ready"' in (await client.get(f"{BASE}/phone", headers=inline)).text
    assert 'id="phone"' not in (await (await site.client(Role.ADMINISTRATOR)).get(f"{BASE}/journal")).text


async def test_an_operator_sits_down_at_any_free_telephone(site):
    """Hot desks: his own is offered first; one that is taken, or none at all, is refused with the reason."""
    for number in ("101", "102"):
        site.floor.post(AgentBecameReachable(number))
    client = await site.client(Role.OPERATOR_1)
    page = await client.get(f"{BASE}/")
    assert '<option value="op101" selected>' in page.text
    site.floor.log_in_at("102", "op103", "test", oust=False)
    fields, inline = {"form_token": form_token(page), "do": "login"}, {"x-desk-inline": "1"}

    async def sit(telephone):
        return (await client.post(f"{BASE}/state", data={**fields, "telephone": telephone}, headers=inline)).text

    assert "работает другой оператор" in await sit("op103")
    assert "Выберите телефон" in await sit("")
    assert 'data-state="ready"' in await sit("op102")
    assert site.floor.seats["op102"] == "101"


async def test_an_operator_says_that_his_talk_broke(site):
    """C1: the caller is owed a call-back; without a talk the desk says so."""
    client = await site.client(Role.OPERATOR_1)
    token = form_token(await client.get(f"{BASE}/"))
    fields = {"form_token": token, "do": "unfinished"}
    answer = await client.post(f"{BASE}/state", data=fields, headers={"x-desk-inline": "1"})
    assert "Недавнего разговора нет" in answer.text
    await talk(site)
    site.floor.at += 60
    site.floor.post(CallerHungUp("c1"))
    answer = await client.post(f"{BASE}/state", data=fields, headers={"x-desk-inline": "1"})
    assert "Абоненту перезвонят" in answer.text
    (owed,) = site.floor.callbacks.snapshot().rows
    assert (owed.number, owed.by) == ("+79161234567", "operator_1")


async def test_an_operator_hands_his_caller_on_from_the_desk(site):
    """D3, D4: to a colleague, a line or outside; what cannot be is said, and the talk goes on."""
    client = await site.client(Role.OPERATOR_1)
    token = form_token(await client.get(f"{BASE}/"))
    inline = {"x-desk-inline": "1"}
    fields = {"form_token": token, "do": "transfer", "to": "102"}
    assert "Нет разговора" in (await client.post(f"{BASE}/state", data=fields, headers=inline)).text
    await talk(site)
    assert '<option value="102">' in (await client.get(f"{BASE}/phone")).text
    assert "Туда передать нельзя" in (await client.post(f"{BASE}/state", data=fields, headers=inline)).text
    asked = []

    async def transfer(*what, agreed):
        asked.append((*what, agreed))

    site.floor.transfers.transfer = transfer
    done = await client.post(f"{BASE}/state", data={**fields, "agreed": "on"}, headers=inline)
    assert "Абонент передаётся" in done.text
    assert asked == [("c1", "102", "operator_1", True)]
    assert ("transfer", "c1 102") in [(one.action, one.detail) for one in await site.desk.journal.trail.read()]


async def test_an_operator_asks_somebody_first_from_the_desk(site):
    """D4: asked, joined or called off by buttons that are there when they mean something; each is in the trail."""
    client = await site.client(Role.OPERATOR_1)
    await talk(site)
    assert 'value="ask"' not in (await client.get(f"{BASE}/phone")).text  # this site has not set it up
    keys = site.floor.config.in_talk.model_copy(update={"ask": "*4"})
    site.floor.config = site.floor.config.model_copy(update={"in_talk": keys})
    page = await client.get(f"{BASE}/phone")
    assert 'value="ask"' in page.text
    assert 'value="join"' not in page.text
    fields, inline = {"form_token": form_token(page), "to": "102", "agreed": "on"}, {"x-desk-inline": "1"}
    done, asking = [], site.floor.transfers.asking

    async def ask(call, to, by, *, agreed):
        done.append(("ask", call, to, by, agreed))
        asking.add(call)

    async def join(call):
        done.append(("join", call))
        asking.remove(call)

    async def back(call):
        done.append(("back", call))
        asking.remove(call)

    desk = site.floor.transfers

    async def press(do):
        return (await client.post(f"{BASE}/state", data={**fields, "do": do}, headers=inline)).text

    assert "Сейчас никого не спрашивают" in await press("join")
    assert "Сейчас никого не спрашивают" in await press("back")
    desk.ask, desk.join_asked, desk.ask_no_more = ask, join, back
    for ends in ("back", "join"):
        told = await press("ask")
        assert "консультация" in told
        assert 'value="transfer"' not in told
        told = await press(ends)
        assert "консультация" not in told
        assert 'value="transfer"' in told
    call = ("ask", "c1", "102", "operator_1", True)
    assert done == [call, ("back", "c1"), call, ("join", "c1")]
    noted = [(one.action, one.detail) for one in await site.desk.journal.trail.read()]
    assert noted == [("join", "c1"), ("ask", "c1 102"), ("back", "c1"), ("ask", "c1 102")]


class Recordings:
    """One line's talks are recorded, and one of them holds silence if the operator wants."""

    def __init__(self, line):
        self.line, self.paused, self.fails, self.talks = line, {}, False, []

    def may_pause(self, queue):
        """Tell whether recordings of this line may be paused."""
        return queue == self.line

    async def outside(self):
        """Return what goes on outside."""
        return self.talks

    def agent_at(self, telephone):
        """Return who sits there."""
        return telephone.removeprefix("op") if telephone.startswith("op") else None

    async def pause(self, call, by):
        """Hold silence."""
        self.paused[call] = by
        return not self.fails

    async def resume(self, call, by):
        """Hold what is said."""
        return self.paused.pop(call) is not None

    async def is_paused(self, call):
        """Tell whether silence is held."""
        return call in self.paused


async def test_an_operator_pauses_the_recording_of_his_talk(site):
    """Where the line's recordings may be paused: the strip says that it is, and what can be done about it."""
    client = await site.client(Role.OPERATOR_1)
    await talk(site)
    page = await client.get(f"{BASE}/phone")
    assert "recording" not in page.text
    fields, inline = {"form_token": form_token(page)}, {"x-desk-inline": "1"}

    async def press(do):
        return (await client.post(f"{BASE}/state", data={**fields, "do": do}, headers=inline)).text

    assert "Этот разговор не записывается" in await press("pause_recording")
    site.floor.recording_desk = desk = Recordings("another")
    assert "recording" not in (await client.get(f"{BASE}/phone")).text
    desk.line = site.desk.journal.service
    assert 'value="pause_recording"' in (await client.get(f"{BASE}/phone")).text
    assert 'data-paused="yes"' in await press("pause_recording")
    assert desk.paused == {"c1": "operator_1"}
    assert 'data-paused="yes"' in (await client.get(f"{BASE}/")).text
    assert 'data-paused="no"' in await press("resume_recording")
    desk.fails = True
    assert "Этот разговор не записывается" in await press("pause_recording")
    site.floor.post(CallerHungUp("c1"))
    assert "Нет разговора" in await press("pause_recording")
    noted = [(one.action, one.detail) for one in await site.desk.journal.trail.read()]
    assert noted == [("resume_recording", "c1"), ("pause_recording", "c1")]


async def test_an_operator_pauses_the_recordings_of_his_talks_outside(site):
    """What he has called himself is on the strip, what he has handed on at his desk; another's is not his to pause."""
    client, line = await site.client(Role.OPERATOR_1), site.desk.journal.service
    site.floor.recording_desk = desk = Recordings(line)
    desk.talks = [
        Outside(call, line, "op101", by, site.floor.at, paused, "PJSIP/op101-1")
        for call, by, paused in (
            ("main-1-hot-line", "op101", False),
            ("main-2-1", "op101", True),
            ("main-3-1", "op102", False),
        )
    ]
    home = (await client.get(f"{BASE}/")).text
    assert re.findall(r'name="call" value="([^"]+)"', home) == ["main-1-hot-line", "main-2-1"]
    assert re.findall(r'data-paused="(\w+)"', home) == ["no", "yes"]
    site.floor.post(AgentBecameReachable("101"))
    site.floor.log_in()
    assert 'name="call"' not in (await client.get(f"{BASE}/phone")).text
    site.floor.post(AgentBusyElsewhere("101"))
    page = await client.get(f"{BASE}/phone")
    assert 'value="main-1-hot-line"' in page.text
    fields, inline = {"form_token": form_token(page)}, {"x-desk-inline": "1"}

    async def press(do, call):
        return (await client.post(f"{BASE}/state", data={**fields, "do": do, "call": call}, headers=inline)).text

    assert "не записывается" in await press("pause_recording", "main-3-1")
    assert "Сказанное сейчас" in await press("pause_recording", "main-1-hot-line")
    assert desk.paused == {"main-1-hot-line": "operator_1"}
    assert "снова записывается" in await press("resume_recording", "main-1-hot-line")
    desk.fails = True
    assert "не записывается" in await press("pause_recording", "main-2-1")
    desk.line = "another"
    assert "не записывается" in await press("pause_recording", "main-1-hot-line")
    noted = [(one.action, one.detail) for one in reversed(await site.desk.journal.trail.read())]
    assert noted == [("pause_recording", "main-1-hot-line"), ("resume_recording", "main-1-hot-line")]


def test_every_refusal_of_a_transfer_has_its_words():
    """Whatever `acd.transferring` answers can be said at the desk."""
    source = inspect.getsource(transferring)
    codes = set(re.findall(r'TransferImpossible\(\s*"(\w+)"', source))
    assert codes
    assert {f"transfer_{code}" for code in codes} <= set(WORDS)


async def test_the_end_of_questioning_is_marked_from_the_desk(site):
    """K3, K4: the mark divides the talk, by the operator's own button."""
    client = await site.client(Role.OPERATOR_1)
    await talk(site)
    site.floor.at += 40
    page = await post(client, "/state", do="questioned")
    assert page.status_code == 303
    (mark,) = [fact for fact in site.floor.facts if isinstance(fact, QuestioningEnded)]
    assert (mark.call, mark.agent, mark.at) == ("c1", "101", site.floor.at)


async def test_a_call_back_is_booked_for_a_card(site):
    """UDM 5.9: at the promised time, by whoever promised; what cannot be called is refused with the reason."""
    card = await opened(site, line=site.desk.journal.service, contact_phone="+79161234567")
    client = await site.client(Role.OPERATOR_1)
    path = f"/cards/{card.id}/callback"
    answer = await post(client, path, number="+79161234567", at="2026-11-16T15:30", mine="on")
    assert answer.headers["location"].endswith("callback=booked")
    (booked,) = site.floor.callbacks.snapshot().rows
    assert (booked.number, booked.agent, booked.by) == ("+79161234567", "101", "operator_1")
    async with site.desk.engine.connect() as connection:
        assert await card_of_callback(connection, site.desk.journal.service, booked.request) == card.id
        assert await card_of_callback(connection, "another", booked.request) is None
    assert ("callback", card.id) in [(one.action, one.card) for one in await site.desk.journal.trail.read()]
    token = form_token(await client.get(f"{BASE}/journal"))
    fields = {"form_token": token, "number": "112", "at": ""}
    refused = await client.post(BASE + path, data=fields, headers={"x-desk-inline": "1"})
    assert refused.status_code == 422
    assert "Это не номер телефона" in refused.text
    assert (await post(client, path, number="", at="")).status_code == 400


async def test_the_wallboard_shows_the_lines(site):
    """Each line and the total, with today's shares."""
    site.floor.post(CallArrived("c1", site.desk.journal.service, "+79161234567", site.floor.at))
    client = await site.client(Role.ADMINISTRATOR)
    page = (await client.get(f"{BASE}/wallboard")).text
    assert '<th scope="row">122</th>' in page  # the line's title
    assert "Все линии" in page
