"""Appeals to and from outside systems."""

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from acd.journal.cards import Channel
from acd.journal.errors import ExchangeRefused
from acd.journal.exchange.inbound import Inbox, exchange_routes
from acd.journal.exchange.signing import TOLERANCE_S, Partner, check, sign
from acd.journal.exchange.webhook import KIND, ByKind, Webhook, WebhookPost
from acd.journal.facts import CardOpened
from acd.journal.limits import Urgency
from acd.journal.mail import Deliverer, Undeliverable
from acd.journal.service import Journal
from acd.journal.states import CardTrigger
from acd.journal.store.outbox import Message
from tests.journal.desk import service_on
from tests.journal.test_cards import MONDAY
from tests.journal.test_service import moved, opened

SITE = Partner("site", "shared secret of the site")
PARTNERS = {SITE.name: SITE}


@given(st.binary(max_size=50), st.text("abc-1", min_size=1, max_size=9), st.floats(-TOLERANCE_S + 1, TOLERANCE_S - 1))
def test_what_a_partner_signs_is_his(body, message_id, late_s):
    """Source and message id come back for any body, as long as the clocks differ by less than the tolerance."""
    headers = sign(SITE, message_id, body, MONDAY)
    assert check(PARTNERS, headers, body, MONDAY + late_s) == ("site", message_id)


@pytest.mark.parametrize(
    "spoil",
    [
        {"x-acd-source": "other"},
        {"x-acd-source": ""},
        {"x-acd-time": "1"},
        {"x-acd-time": "now"},
        {"x-acd-message": "m2"},
        {"x-acd-message": ""},
        {"x-acd-signature": "0" * 64},
        {"x-acd-signature": "ключ"},
        {"x-acd-signature": ""},
    ],
)
def test_one_changed_header_is_no_signature(spoil):
    """Neither source nor time nor message id can be exchanged."""
    with pytest.raises(ExchangeRefused):
        check(PARTNERS, {**sign(SITE, "m1", b"body", MONDAY), **spoil}, b"body", MONDAY)


def test_a_changed_body_and_an_old_request_are_refused():
    """A recorded request is of no use after the tolerance, a changed one never."""
    headers = sign(SITE, "m1", b"body", MONDAY)
    with pytest.raises(ExchangeRefused, match="does not fit"):
        check(PARTNERS, headers, b"bodY", MONDAY)
    with pytest.raises(ExchangeRefused, match="not now"):
        check(PARTNERS, headers, b"body", MONDAY + TOLERANCE_S + 1)


def test_a_secret_is_in_no_log():
    """Printing a partner shows its name alone."""
    assert "secret" not in repr(SITE)


@pytest.fixture
async def service(sqlite):
    """A service with an inbox and a web client for its partners."""
    made = await service_on(sqlite, "sakhalin-1300")
    made.inbox = Inbox(sqlite, made.journal, publish=made.facts.append)
    app = Starlette(routes=exchange_routes(made.journal, made.inbox, PARTNERS, lambda: MONDAY))
    made.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://journal")
    yield made
    await made.client.aclose()


async def send(service, content, message_id="m1", partner=SITE):
    """Send an appeal as an outside system does."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return await service.client.post("/appeals", content=body, headers=sign(partner, message_id, body, MONDAY))


async def test_an_appeal_from_the_web_site_becomes_a_card_once(service):
    """J2, J10: delivered twice it is one card and the same number; with other contents it is refused."""
    appeal = {"description": "Жалоба", "contact_email": "a@example.org", "urgency": "high"}
    first = await send(service, appeal)
    assert (first.status_code, first.json()["number"]) == (201, "1300-2026-000001")
    again = await send(service, appeal)
    assert (again.status_code, again.json()) == (200, first.json())
    assert (await send(service, {"description": "Другое"})).status_code == 409
    card = await service.journal.cards.get(1)
    assert (card.channel, card.urgency, card.contact_email) == (Channel.WEB_SITE, Urgency.HIGH, "a@example.org")
    assert [type(fact) for fact in service.facts] == [CardOpened]
    assert (await service.journal.cards.history(1))[0].actor == "site"


async def test_ten_deliveries_at_once_are_one_card(service):
    """However the deliveries interleave."""
    answers = await asyncio.gather(*(send(service, {"description": "Жалоба"}) for _ in range(10)))
    assert {answer.json()["number"] for answer in answers} == {"1300-2026-000001"}
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]


async def test_mistakes_are_told_by_field(service):
    """An unknown field, an empty text and a wrong urgency are named; nothing is stored."""
    answer = await send(service, {"description": "", "urgency": "soon", "descriptoin": "x"})
    assert answer.status_code == 422
    assert {one["field"] for one in answer.json()["mistakes"]} == {"description", "urgency", "descriptoin"}
    assert (await send(service, b"{")).status_code == 422
    assert (await send(service, b" " * 300_000)).status_code == 413
    assert (await send(service, {"description": "x"}, partner=Partner("site", "wrong"))).status_code == 401
    assert service.facts == []


async def test_the_state_is_asked_by_number(service):
    """Signed over the path; no contents are told."""
    await send(service, {"description": "Жалоба"})
    path = "/appeals/1300-2026-000001"
    answer = await service.client.get(path, headers=sign(SITE, "q1", path.encode(), MONDAY))
    assert answer.json() == {"number": "1300-2026-000001", "state": "new", "due_at": None}
    assert (await service.client.get(path)).status_code == 401
    for number in ("1300-2026-000009", "odd"):
        path = f"/appeals/{number}"
        answer = await service.client.get(path, headers=sign(SITE, "q1", path.encode(), MONDAY))
        assert answer.status_code == 404


class Receiver(BaseHTTPRequestHandler):
    """An outside system: checks the signature and answers what the test wants."""

    def do_POST(self):
        """Take a webhook."""
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append((self.path, check(PARTNERS, headers, body, MONDAY), json.loads(body)))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *args):
        """Keep quiet."""


@pytest.fixture
def receiver():
    """An outside system's server on loopback."""
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    server.seen, server.status = [], 204
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


async def test_changes_are_told_to_an_outside_system(sqlite, receiver):
    """Each move once, signed, with contents only where that was agreed."""
    made = await service_on(sqlite, "sakhalin-1300")
    address = f"http://127.0.0.1:{receiver.server_port}/hook?x=1"
    hook = Webhook(SITE, address, contents=True)
    journal = made.journal
    made.journal = Journal(
        sqlite, journal.rules, journal.letters, publish=made.facts.append, address="https://x", also_tell=[hook.message]
    )
    await moved(made, await opened(made, contact_email=""), CardTrigger.REGISTER)
    post = WebhookPost({"site": hook}, lambda: MONDAY)
    deliverer = Deliverer(made.outbox, ByKind(post, {KIND: post}))
    assert await deliverer.deliver(MONDAY + 60) == 1
    assert await deliverer.deliver(MONDAY + 60) == 0
    ((path, (source, message_id), told),) = receiver.seen
    assert (path, source, message_id) == ("/hook?x=1", "site", "site:sakhalin-1300:1300-2026-000001:2")
    assert (told["state"], told["trigger"], told["version"]) == ("in_work", "register", 2)
    assert told["description"] == "Не могу записаться"
    card = await made.journal.cards.get(1)
    plain = json.loads(Webhook(SITE, address).message(card, CardTrigger.FINISH, MONDAY).body)
    assert not {"description", "contact_name", "contact_phone"} & set(plain)


@pytest.mark.parametrize(
    ("status", "kind"), [(404, Undeliverable), (408, OSError), (429, OSError), (500, OSError), (302, OSError)]
)
async def test_what_the_receiver_answers_decides_on_a_retry(receiver, status, kind):
    """Wrong for good or wrong for now."""
    receiver.status = status
    post = WebhookPost({"site": Webhook(SITE, f"http://127.0.0.1:{receiver.server_port}")}, lambda: MONDAY)
    with pytest.raises(kind) as refused:
        await post.send(Message("k", KIND, "site", "", "{}"))
    assert type(refused.value) is kind


async def test_a_receiver_that_is_away_or_no_web_server_is_tried_again(mail_like):
    """Refused connections and answers that are no HTTP are for now; a webhook that was taken out is for good."""
    for port in (1, mail_like):
        post = WebhookPost({"site": Webhook(SITE, f"http://127.0.0.1:{port}/")}, lambda: MONDAY)
        with pytest.raises(OSError, match=r"refused|no HTTP"):
            await post.send(Message("k", KIND, "site", "", "{}"))
    with pytest.raises(Undeliverable):
        await post.send(Message("k", KIND, "gone", "", "{}"))


@pytest.fixture
async def mail_like():
    """A server that takes a request and answers like a mail server."""

    async def greet(reader, writer):
        await reader.readuntil(b"{}")
        writer.write(b"220 mail ready\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
