"""Chromium without a window, spoken to over a pipe in its DevTools protocol."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def _that_runs(name: str) -> bool:  # some systems have a stub of its name
    path = shutil.which(name)
    return (
        bool(path) and subprocess.run([str(path), "--version"], capture_output=True).returncode == 0
    )


CHROMIUM = next(filter(_that_runs, ["chromium", "chromium-browser"]), None)
QUIET = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --disable-dev-shm-usage"
).split()


class Browser:
    """One page of it, and what it has said."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        self._unread, self._number, self._session = b"", 0, ""
        self.events: list[dict[str, Any]] = []
        target = self("Target.createTarget", url="about:blank")["targetId"]
        self._session = self("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in "Page", "Runtime", "Log", "Network":
            self(f"{domain}.enable")

    def __call__(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Give a command and wait for its answer; what happens meanwhile is kept as events."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != self._number:
            self.events.append(answer)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def open(self, page: Path) -> None:
        """Load a file, to the end."""
        self.events.clear()
        self("Page.navigate", url=page.resolve().as_uri())
        self.until("document.readyState == 'complete' && location.protocol == 'file:'")

    def value(self, expression: str) -> Any:
        """Of a JavaScript expression, or of the promise that it makes."""
        given = self(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in given:
            raise RuntimeError(given["exceptionDetails"]["exception"]["description"])
        return given["result"].get("value")

    def until(self, expression: str, seconds: float = 20.0) -> None:
        """Wait for it to be true."""
        end = time.monotonic() + seconds
        while not self.value(expression):
            if time.monotonic() > end:
                raise TimeoutError(expression)
            time.sleep(0.02)

    def size(self, width: int, height: int = 844) -> None:
        """Of the window, in CSS pixels."""
        self(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def media(self, kind: str = "", **features: str) -> None:
        """Such as ``media("print")`` or ``media(prefers_color_scheme="dark")``."""
        wanted = [{"name": k.replace("_", "-"), "value": v} for k, v in features.items()]
        self("Emulation.setEmulatedMedia", media=kind, features=wanted)

    def press(self, key: str) -> None:
        """A key, down and up."""
        codes = {"Escape": 27, "Enter": 13, "Tab": 9}
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in "keyDown", "keyUp":
            self(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=codes[key],
                **(text if kind == "keyDown" else {}),
            )

    def screenshot(self, file: Path, whole: bool = True) -> None:
        """As PNG."""
        shot = self("Page.captureScreenshot", captureBeyondViewport=whole)
        file.write_bytes(base64.b64decode(shot["data"]))

    def pdf(self) -> bytes:
        """The page as it is printed on A4."""
        printed = self("Page.printToPDF", paperWidth=8.27, paperHeight=11.69, printBackground=False)
        return base64.b64decode(printed["data"])

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            more = os.read(self._answers, 1 << 16)
            if not more:
                raise ConnectionError("Chromium has ended")
            self._unread += more
        message, _, self._unread = self._unread.partition(b"\0")
        return json.loads(message)


@contextmanager
def browser() -> Iterator[Browser]:
    """A new one, that ends with the block and leaves nothing behind."""
    assert CHROMIUM
    to_it, commands = os.pipe()
    answers, from_it = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        options = [*QUIET, f"--user-data-dir={home}", "--remote-debugging-pipe"]
        # It reads from descriptor 3 and writes to 4.
        started = f'exec "$@" 3<&{to_it} 4>&{from_it}'
        process = subprocess.Popen(
            ["bash", "-c", started, "bash", CHROMIUM, *options],
            pass_fds=(to_it, from_it),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": home},
        )
        for end in to_it, from_it:
            os.close(end)
        try:
            page = Browser(commands, answers)
            yield page
        finally:
            os.close(commands)  # at which it ends
            process.wait(timeout=30)
            os.close(answers)
