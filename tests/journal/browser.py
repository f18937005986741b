"""A real Chromium for the tests, driven by the W3C WebDriver protocol: no more of it than the tests need."""

import base64
import os
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""The key under which the protocol hands over an element (WebDriver, section 11)."""
KEYS = {"enter": "\ue007", "control": "\ue009"}


class DrawnAnew(Exception):
    """The element is not in the page any more."""


class Browser:
    """One window of 1280 by 800."""

    def __init__(self, client, session):
        self._client = client
        self._at = f"/session/{session}"

    def _ask(self, method, path, **body):
        answer = self._client.request(method, self._at + path, json=body if method == "POST" else None)
        value = answer.json()["value"]
        if answer.status_code != 200 and value["error"] == "stale element reference":
            raise DrawnAnew(value)
        assert answer.status_code == 200, value
        return value

    def _do(self, selector, what, **body):
        """Do something with an element; one that the page has drawn anew meanwhile is looked for again."""
        while True:
            with suppress(DrawnAnew):
                return self._ask("POST", f"/element/{self.wait_for(selector)}/{what}", **body)

    def go(self, address):
        """Open a page and wait until it is loaded."""
        self._ask("POST", "/url", url=address)

    def script(self, text, *args):
        """Run a script in the page and return what it returns."""
        return self._ask("POST", "/execute/sync", script=text, args=list(args))

    def script_async(self, text, *args):
        """Run a script that calls its last argument when it is done."""
        return self._ask("POST", "/execute/async", script=text, args=list(args))

    def wait_for(self, selector):
        """Wait until an element is there, up to the browser's implicit time, and return it."""
        return self._ask("POST", "/element", using="css selector", value=selector)[ELEMENT]

    def see(self, tag, text):
        """Wait until an element of this kind shows the text: also on a page that is only just coming."""
        path = f"//{tag}[normalize-space(.) = '{text}']"
        return self._ask("POST", "/element", using="xpath", value=path)[ELEMENT]

    def press(self, selector):
        """Click on an element."""
        self._do(selector, "click")

    def type(self, selector, text):
        """Type into an element what it is to hold."""
        self._do(selector, "clear")
        self._do(selector, "value", text=text)

    def attach(self, selector, path):
        """Choose a file in a field for one."""
        self._do(selector, "value", text=str(path))

    def keys(self, text, *, held=""):
        """Press keys, with one held down if asked, wherever the focus is."""
        strokes = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        if held:
            strokes = [{"type": "keyDown", "value": held}, *strokes, {"type": "keyUp", "value": held}]
        self._ask("POST", "/actions", actions=[{"type": "key", "id": "keyboard", "actions": strokes}])

    def address(self):
        """Return where the window is."""
        return self._ask("GET", "/url")

    def picture(self, path):
        """Store what the window shows."""
        Path(path).write_bytes(base64.b64decode(self._ask("GET", "/screenshot")))

    def log(self):
        """Return what the page has complained about."""
        return [entry["message"] for entry in self._ask("POST", "/se/log", type="browser")]


@contextmanager
def chromedriver():
    """Run chromedriver for as long as the block runs; skip the test where Chromium is not installed."""
    program = shutil.which("chromedriver")
    if program is None or shutil.which("chromium") is None:
        pytest.skip("Chromium and chromedriver are not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [program, f"--port={port}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "LANG": "C.UTF-8", "LANGUAGE": "ru"},
    )
    try:
        for line in process.stdout:
            if b"started successfully" in line:
                break
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=20)


@contextmanager
def window(driver):
    """Open a window of the browser with an empty profile and close it afterwards."""
    profile = tempfile.mkdtemp(prefix="acd-chromium-")
    arguments = [
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,800",
        "--accept-lang=ru", f"--user-data-dir={profile}", "--no-first-run", "--disable-background-networking",
    ]  # fmt: skip
    wanted = {
        "browserName": "chrome",
        "goog:chromeOptions": {"args": arguments},
        "goog:loggingPrefs": {"browser": "ALL"},
        "timeouts": {"implicit": 20_000, "script": 60_000, "pageLoad": 60_000},
    }
    with httpx.Client(base_url=driver, timeout=90, trust_env=False) as client:
        answer = client.post("/session", json={"capabilities": {"alwaysMatch": wanted}})
        assert answer.status_code == 200, answer.text
        session = answer.json()["value"]["sessionId"]
        try:
            yield Browser(client, session)
        finally:
            client.delete(f"/session/{session}")
            shutil.rmtree(profile, ignore_errors=True)
