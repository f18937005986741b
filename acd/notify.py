"""Tell systemd how the daemon is doing: the `sd_notify` datagram, without a library.

The protocol is one datagram of `KEY=value` lines to the socket named by NOTIFY_SOCKET (sd_notify(3)). Without that
variable, that is outside systemd, nothing is sent.
"""

import os
import socket
from collections.abc import Mapping


def notify(text: str, environment: Mapping[str, str] | None = None) -> bool:
    """Send the text (`READY=1`, `STOPPING=1`, `RELOADING=1`, `STATUS=...`) and return whether somebody listens.

    A socket that is gone or full is no reason to stop a call centre: False.
    """
    address = (os.environ if environment is None else environment).get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    # A leading @ means the abstract name space of Linux, which the kernel writes as a leading zero byte.
    name = "\0" + address[1:] if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        try:
            sender.setblocking(False)
            sender.sendto(text.encode(), name)
        except OSError:
            return False
    return True
