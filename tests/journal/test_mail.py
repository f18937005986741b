"""Letters handed to a real SMTP server."""

import smtplib
import socket
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller

from acd.journal.cards import Channel, open_card
from acd.journal.mail import RETRY_S, Deliverer, SmtpPost, SmtpServer, Undeliverable
from acd.journal.store.cards import Cards, Entry
from acd.journal.store.outbox import Message, Outbox
from tests.journal.conftest import rules_of
from tests.journal.test_cards import MONDAY


class Mailbox:
    """Takes letters; refuses nobody@ for good, busy@ for now, and every text with the word spam."""

    def __init__(self):
        self.letters = []

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        """Judge a recipient."""
        if address.startswith("nobody@"):
            return "550 no such user"
        if address.startswith("busy@"):
            return "450 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        """Take a letter."""
        if b"c3BhbQ" in envelope.content or b"spam" in envelope.content:
            return "554 rejected"
        self.letters.append(envelope)
        return "250 taken"


@pytest.fixture
def mailbox():
    """A mail server on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    box.port = port
    yield box
    controller.stop()


def post_to(port):
    """Return a post that hands letters in there."""
    return SmtpPost(SmtpServer("127.0.0.1", "Контакт-центр <acd@example.org>", port=port, starttls=False, timeout_s=5))


def letter(key="k", recipient="petrov@example.org", subject="Обращение 122-2026-000001", body="Здравствуйте!\n"):
    """Return a letter."""
    return Message(key, "registered", recipient, subject, body)


async def test_a_letter_arrives_as_it_was_written(mailbox):
    """Russian subject and text survive; the same letter has the same identity at each attempt."""
    for _ in range(2):
        await post_to(mailbox.port).send(letter())
    first, second = (parsed(one) for one in mailbox.letters)
    assert mailbox.letters[0].rcpt_tos == ["petrov@example.org"]
    assert first["Subject"] == "Обращение 122-2026-000001"
    assert first.get_content().replace("\r\n", "\n") == "Здравствуйте!\n"
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Message-ID"].endswith("@example.org>")


def parsed(envelope):
    """Return the letter as a mail reader sees it."""
    return message_from_bytes(envelope.content, policy=policy.default)


async def test_no_text_adds_a_header(mailbox):
    """A subject or recipient with line breaks stays one header."""
    await post_to(mailbox.port).send(letter(subject="a\r\nBcc: x@example.org", recipient="petrov@example.org\n"))
    assert parsed(mailbox.letters[0])["Bcc"] is None
    assert mailbox.letters[0].rcpt_tos == ["petrov@example.org"]


async def test_what_can_never_arrive_is_told_from_what_may_later(mailbox):
    """5xx is for good, 4xx and a server that is away are not."""
    post = post_to(mailbox.port)
    with pytest.raises(Undeliverable, match="550 no such user"):
        await post.send(letter(recipient="nobody@example.org"))
    with pytest.raises(Undeliverable, match="554 rejected"):
        await post.send(letter(body="spam\n"))
    with pytest.raises(OSError, match="450 try again later"):
        await post.send(letter(recipient="busy@example.org"))
    with pytest.raises(OSError, match="refused"):
        await post_to(1).send(letter())


async def test_a_server_without_encryption_is_not_given_a_letter(mailbox):
    """STARTTLS that is asked for and not offered is a failure to be tried again, not a letter in the clear."""
    post = SmtpPost(SmtpServer("127.0.0.1", "acd@example.org", port=mailbox.port))
    with pytest.raises(smtplib.SMTPNotSupportedError):
        await post.send(letter())
    assert mailbox.letters == []


async def test_the_outbox_is_emptied_letter_by_letter(sqlite, mailbox):
    """One that fails holds up no other, comes back after its delay, and is given up in the end."""
    outbox = Outbox(sqlite)
    rules = rules_of("saratov-122")
    letters = [
        letter("bad", "nobody@example.org"),
        letter("none", ""),
        letter("busy", "busy@example.org"),
        letter("good", "petrov@example.org"),
    ]
    await Cards(sqlite).add(open_card(rules, MONDAY, Channel.EMAIL), Entry(MONDAY, "system"), messages=letters)
    deliverer = Deliverer(outbox, post_to(mailbox.port))
    assert await deliverer.deliver(MONDAY) == 1
    assert [one.rcpt_tos for one in mailbox.letters] == [["petrov@example.org"]]
    at = MONDAY
    for delay in RETRY_S:
        assert await outbox.next_due() == at + delay
        at += delay
        assert await deliverer.deliver(at) == 0
    assert await outbox.next_due() is None
    assert [message.key for message, _ in await outbox.given_up(10)] == ["busy", "none", "bad"]


def test_a_password_is_in_no_log():
    """Printing the server shows where it is and nothing else."""
    assert repr(SmtpServer("mail", "a@b", user="u", password="secret")) == "SmtpServer(mail:587)"
