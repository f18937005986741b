"""Forms with files: what browsers send is read byte by byte as it was, what they do not send is refused."""

import httpx
import pytest
from starlette.requests import Request

from acd.journal.web import upload
from acd.journal.web.desk import BadForm, Upload

ANYTHING = bytes(range(256)) * 40 + b"\r\n--x\r\n\r\n--x--\r\n"


def asked(body, kind, chunk=1000):
    """Return a request with this body, which comes in pieces."""
    pieces = [body[at : at + chunk] for at in range(0, len(body), chunk)] or [b""]

    async def receive():
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    headers = [] if kind is None else [(b"content-type", kind.encode())]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


def encoded(fields, files):
    """Return a form as an HTTP client of others encodes it, and its content type."""
    request = httpx.Request("POST", "http://x", data=fields, files=files)
    return request.read(), request.headers["content-type"]


@pytest.mark.parametrize("content", [ANYTHING, b"", b"\r\n", "ФИО;Телефон\r\n".encode("cp1251")])
async def test_a_file_comes_as_it_was(content):
    """Any bytes, any length; fields beside it are text, with the line ends of a text."""
    body, kind = encoded({"form_token": "t", "note": "одно\r\nдругое\0"}, {"file": ("список.csv", content)})
    for chunk in (1, 7, 100_000):
        fields, files = await upload.read_upload(asked(body, kind, chunk))
        assert fields == {"form_token": "t", "note": "одно\nдругое"}
        assert files == {"file": Upload("список.csv", content)}


async def test_a_name_is_no_path_and_an_empty_field_no_file():
    """Chromium sends the name as it is, in UTF-8; a field for a file that was left empty has none."""
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="../a \\"b\\".csv"\r\n'
        b'Content-Type: text/csv\r\n\r\n1\r\n--b\r\nContent-Disposition: form-data; name="other"; filename=""\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n\r\n--b--\r\n"
    )
    fields, files = await upload.read_upload(asked(body, "multipart/form-data; boundary=b"))
    assert (fields, files) == ({}, {"file": Upload('../a "b".csv', b"1")})


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", None),
        (b"a=b", "application/x-www-form-urlencoded"),
        (b"--b--\r\n", "multipart/form-data"),
        (b"", "multipart/form-data; boundary=b"),
        (b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n', "multipart/form-data; boundary=b"),
        (b'--b\r\nContent-Disposition: form-data; name="a"\r\n--b--', "multipart/form-data; boundary=b"),
        (b"--b\r\nX: y\r\n\r\n1\r\n--b--", "multipart/form-data; boundary=b"),
        (b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--b--', "multipart/form-data; boundary=b"),
        (b'--b\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n1\r\n--b--', "multipart/form-data; boundary=b"),
        (
            b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * (upload.MOST_PARTS + 1) + b"--b--",
            "multipart/form-data; boundary=b",
        ),
    ],
)
async def test_what_is_no_such_form_is_refused(body, kind):
    """No boundary, no end, no name, no text, too many parts."""
    with pytest.raises(BadForm):
        await upload.read_upload(asked(body, kind))


async def test_as_many_parts_as_there_may_be_are_read():
    """The limit itself is within it."""
    part = '--b\r\nContent-Disposition: form-data; name="f{}"\r\n\r\n1\r\n'
    body = "".join(part.format(at) for at in range(upload.MOST_PARTS)) + "--b--"
    fields, _ = await upload.read_upload(asked(body.encode(), "multipart/form-data; boundary=b"))
    assert len(fields) == upload.MOST_PARTS


async def test_what_is_too_large_is_given_up_while_it_comes():
    """Nobody's file fills the memory."""
    taken = []

    async def receive():
        taken.append(None)
        return {"type": "http.request", "body": bytes(2**20), "more_body": True}

    with pytest.raises(BadForm) as refused:
        await upload.read_upload(Request({"type": "http", "method": "POST", "headers": []}, receive))
    assert refused.value.told == "upload_too_large"
    assert len(taken) == upload.LARGEST_UPLOAD // 2**20 + 1
