"""A form with a file, as browsers send it: multipart/form-data (RFC 7578), whole and of limited size.

Nothing of it is taken for a path: a file's name only tells what kind it is.
"""

from collections.abc import Iterator
from email.message import Message
from email.parser import HeaderParser
from typing import Final

from starlette.requests import Request

from acd.campaigns.importing import LARGEST_FILE
from acd.journal.web.desk import BadForm, Upload

LARGEST_UPLOAD: Final = LARGEST_FILE + 65_536
"""Bytes of the whole form: the largest file, and the few fields around it."""
MOST_PARTS: Final = 20


async def read_upload(request: Request) -> tuple[dict[str, str], dict[str, Upload]]:
    """Return the fields and the files of a form; of a name that comes twice the last.

    Raises:
        BadForm: It is too large, or no such form.
    """
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > LARGEST_UPLOAD:
            raise BadForm("upload_too_large")
    return parse_upload(request.headers.get("content-type", ""), bytes(content))


def parse_upload(kind: str, content: bytes) -> tuple[dict[str, str], dict[str, Upload]]:
    """Return the fields and the files of a whole form, by its content type.

    Raises:
        BadForm: It is no such form.
    """
    fields: dict[str, str] = {}
    files: dict[str, Upload] = {}
    try:
        for name, file_name, value in _parts(kind, content):
            if file_name is None:
                fields[name] = value.decode().replace("\r\n", "\n").replace("\0", "")
            elif file_name:  # a field for a file that was left empty has no name
                files[name] = Upload(file_name, value)
    except UnicodeDecodeError as error:
        raise BadForm from error
    return fields, files


def _parts(kind: str, content: bytes) -> Iterator[tuple[str, str | None, bytes]]:
    """Yield name, name of the file and contents of each part."""
    head = Message()
    head["content-type"] = kind
    boundary = head.get_boundary()
    if head.get_content_type() != "multipart/form-data" or not boundary:
        raise BadForm
    parts = (b"\r\n" + content).split(b"\r\n--" + boundary.encode("latin-1", "replace"), MOST_PARTS + 2)
    if not parts[-1].startswith(b"--") or len(parts) > MOST_PARTS + 2:
        raise BadForm
    for part in parts[1:-1]:
        lines, found, value = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        told = HeaderParser().parsestr(lines.decode(), headersonly=True)
        name = told.get_param("name", header="content-disposition")
        if not found or not isinstance(name, str):
            raise BadForm
        yield name, told.get_filename(), value
