"""Appeals by e-mail, from a real IMAP server."""

import imaplib
import os
import shutil
import socket
import subprocess
import tempfile
from email.message import EmailMessage
from pathlib import Path

import pytest

from acd.journal.cards import Channel
from acd.journal.exchange.inbound import Inbox
from acd.journal.exchange.mailbox import ImapServer, MailboxReader, letter_of
from tests.journal.desk import service_on
from tests.journal.test_cards import MONDAY

SETTINGS = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{folder}/mail
first_valid_uid = 1
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}/mail
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
"""


@pytest.fixture(scope="module")
def dovecot():
    """An IMAP server on loopback with an empty mailbox; skips where Dovecot or the right to start it is missing."""
    program = shutil.which("dovecot")
    if program is None or os.geteuid() != 0:
        pytest.skip("Dovecot is not installed, or not to be started by this user")
    folder = Path(tempfile.mkdtemp(prefix="acd-dovecot-"))
    folder.chmod(0o755)
    (folder / "mail").mkdir(mode=0o777)
    (folder / "mail").chmod(0o777)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "conf").write_text(SETTINGS.format(folder=folder, port=port))
    process = subprocess.Popen([program, "-F", "-c", str(folder / "conf")], stdout=subprocess.DEVNULL)
    try:
        yield wait_for(port, process)
    finally:
        process.terminate()
        process.wait(timeout=20)
        shutil.rmtree(folder, ignore_errors=True)


def wait_for(port, process):
    """Return the server once it greets."""
    while process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
                if link.recv(100).startswith(b"* OK"):
                    return ImapServer("127.0.0.1", "appeals", "secret", port=port, tls=False, timeout_s=10)
        except ConnectionRefusedError:
            continue
    raise RuntimeError("Dovecot has ended")


def put(server, *letters):
    """Put letters into the mailbox, as its only ones."""
    with imaplib.IMAP4(server.host, server.port, timeout=10) as imap:
        imap.login(server.user, server.password)
        imap.select()
        _, found = imap.search(None, "ALL")
        for number in found[0].split():
            imap.store(number, "+FLAGS", r"(\Deleted)")
        imap.expunge()
        for letter in letters:
            imap.append("INBOX", "", None, letter)


def letter(text="Не могу записаться к врачу.", **headers):
    """Return a letter as it lies in a mailbox."""
    mail = EmailMessage()
    mail["From"] = "Анна Петрова <anna@example.org>"
    mail["Subject"] = "Запись к врачу"
    mail["Message-ID"] = "<1@example.org>"
    for name, value in headers.items():
        del mail[name.replace("_", "-")]
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail.as_bytes()


async def test_unseen_letters_become_cards_once(sqlite, dovecot):
    """A card each, with sender and text; read again nothing, the same letter delivered twice nothing."""
    service = await service_on(sqlite, "kemerovo-support")
    reader = MailboxReader(dovecot, Inbox(sqlite, service.journal, publish=service.facts.append))
    put(dovecot, letter(), letter(Message_ID="<2@example.org>", From="b@example.org"), letter())
    assert await reader.read(MONDAY) == 2
    assert await reader.read(MONDAY) == 0
    put(dovecot, letter())
    assert await reader.read(MONDAY) == 0
    card = await service.journal.cards.get(1)
    assert (card.channel, card.contact_name, card.contact_email) == (
        Channel.EMAIL, "Анна Петрова", "anna@example.org"
    )  # fmt: skip
    assert card.description == "Запись к врачу\n\nНе могу записаться к врачу."


async def test_machines_are_not_answered(sqlite, dovecot):
    """An automatic answer and a mailing list open no card and are not read again."""
    service = await service_on(sqlite, "kemerovo-support")
    reader = MailboxReader(dovecot, Inbox(sqlite, service.journal, publish=service.facts.append))
    put(dovecot, letter(Auto_Submitted="auto-replied"), letter(List_Id="<news.example.org>"))
    assert await reader.read(MONDAY) == 0
    assert await reader.read(MONDAY) == 0
    assert service.facts == []


async def test_a_server_that_refuses_is_an_oserror(sqlite, dovecot):
    """A wrong password and a server that is away are for the next look."""
    service = await service_on(sqlite, "kemerovo-support")
    inbox = Inbox(sqlite, service.journal, publish=service.facts.append)
    with pytest.raises(OSError, match="IMAP"):
        await MailboxReader(ImapServer("127.0.0.1", "a", "wrong", port=dovecot.port, tls=False), inbox).read(MONDAY)
    with pytest.raises(OSError, match="refused"):
        await MailboxReader(ImapServer("127.0.0.1", "a", "b", port=1, tls=False), inbox).read(MONDAY)


def test_html_is_read_as_text():
    """Tags, scripts and styles are not part of what somebody says."""
    mail = EmailMessage()
    mail["From"] = "a@example.org"
    mail.set_content(
        "<html><style>p {}</style><body><p>Первая&nbsp;строка</p><p>Вторая<br>третья</p>"
        "<script>alert(1)</script></body></html>",
        subtype="html",
    )
    assert letter_of(mail.as_bytes()).text == "Первая строка\n\nВторая\nтретья".replace("\n\n", "\n")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff garbage",
        b"Content-Type: text/plain; charset=no-such-set\n\n\xd0\x9f",
        b"From: =?utf-8?q?broken\nSubject: =?x?b?!!?=\n\ntext",
        b"Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: image/png\n\nabc\n--x--\n",
    ],
)
def test_whatever_arrives_is_a_letter(raw):
    """No letter stops the import; one without an identity is known by its contents."""
    found = letter_of(raw)
    assert found.message_id
    assert letter_of(raw) == found
