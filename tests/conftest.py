"""What holds for every test, and a headless Chromium for the pages that the program writes."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

_LISTEN = """
window.faults = [];
addEventListener("error", (e) => faults.push(e.message || e.target.outerHTML), true);
addEventListener("unhandledrejection", (e) => faults.push(String(e.reason)));
addEventListener("securitypolicyviolation", (e) => faults.push(e.violatedDirective));
console.error = (...words) => faults.push(words.join(" "));
"""
_ASKED_FOR = """
performance.getEntriesByType("resource").map((e) => e.name).filter((n) => !/^(data|blob|file):/.test(n))
"""
_COLOURS = """(() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map(Number);
  return [numbers(getComputedStyle(document.documentElement).backgroundColor),
          numbers(getComputedStyle(document.body).color)];
})()"""

# A busy machine must not make a property fail: nothing here is timed by accident.
settings.register_profile("masquerade", deadline=None)
settings.load_profile("masquerade")


@pytest.fixture(scope="session", autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests leave nothing in the home of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MASQUERADE_HOME", str(tmp_path_factory.mktemp("home")))
        yield


class Tab:
    """A tab of a headless Chromium, told what to do through its DevTools protocol."""

    def __init__(self, send: Callable[..., dict[str, Any]]) -> None:
        self._send = send

    def tell(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._send(method, **parameters)

    def ask(self, script: str) -> Any:
        """What a script comes to; its promise is waited for."""
        answer = self.tell(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def open(self, page: Path) -> None:
        self.tell("Page.enable")
        self.tell("Page.navigate", url=page.absolute().as_uri())
        self.until("document.readyState === 'complete' && location.protocol === 'file:'")

    def find_sound(self, page: Path) -> None:
        """Open a page by day and by night, wide and narrow: it fits, asks for nothing, no error."""
        self.tell("Page.enable")
        self.tell("Page.addScriptToEvaluateOnNewDocument", source=_LISTEN)
        for scheme in ("light", "dark"):
            feature = {"name": "prefers-color-scheme", "value": scheme}
            self.tell("Emulation.setEmulatedMedia", features=[feature])
            for width in (1200, 390):
                screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
                self.tell("Emulation.setDeviceMetricsOverride", **screen)
                self.open(page)
                at = f"{page.name}, {scheme}, {width} pixels wide"
                assert self.ask("window.faults") == [], at
                assert self.ask(_ASKED_FOR) == [], at
                assert self.ask("document.documentElement.scrollWidth") <= width, at
                behind, ink = self.ask(_COLOURS)
                assert (sum(ink) > sum(behind)) == (scheme == "dark"), at

    def until(self, script: str) -> None:
        """Wait, in the browser, until a script says yes."""
        self.ask(
            "new Promise((yes, no) => { let left = 600; const look = () => "
            f"({script}) ? yes(true) : left-- ? setTimeout(look, 50) : no(new Error('in vain')); look(); }})"
        )

    def press(self, *keys: str, shift: bool = False, ctrl: bool = False) -> None:
        """Press keys, as a hand would."""
        for key in keys:
            text = key.upper() if shift and len(key) == 1 else key
            held = {"modifiers": (8 if shift else 0) | (2 if ctrl else 0), "key": text}
            self.tell("Input.dispatchKeyEvent", type="rawKeyDown", **held)
            self.tell("Input.dispatchKeyEvent", type="keyUp", **held)

    def click(self, selector: str) -> None:
        """Click into the middle of what a selector finds, where it stands on the screen."""
        x, y = self.ask(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); "
            "e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect(); "
            "return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.tell("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., dict[str, Any]]]:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"no Chromium is installed (none of {', '.join(NAMES)})")
    if sys.platform == "win32":
        pytest.skip("Chromium is driven through pipes, which Windows does not pass on")
    ours, theirs = os.pipe(), os.pipe()  # what it reads, what it writes
    profile = tmp_path_factory.mktemp("chromium")
    words = [found, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"]
    words += [f"--user-data-dir={profile}", "--no-first-run", "--window-size=1200,900"]

    def as_three_and_four() -> None:
        read, write = os.dup(ours[0]), os.dup(theirs[1])
        os.dup2(read, 3)
        os.dup2(write, 4)

    browser = subprocess.Popen(
        [*words, "about:blank"],
        preexec_fn=as_three_and_four,
        pass_fds=(3, 4),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(ours[0])
    os.close(theirs[1])
    answers = os.fdopen(theirs[0], "rb")
    count = 0

    def send(method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        nonlocal count
        count += 1
        question = {"id": count, "method": method, "params": parameters}
        if session:
            question["sessionId"] = session
        os.write(ours[1], json.dumps(question).encode() + b"\0")
        while True:
            answer = json.loads(_until_nought(answers))
            if answer.get("id") == count:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    try:
        yield send
    finally:
        try:
            send("Browser.close")
            browser.wait(20)
        except (OSError, EOFError, subprocess.TimeoutExpired):
            browser.kill()
            browser.wait()
        answers.close()
        os.close(ours[1])


def _until_nought(file: Any) -> bytes:
    content = bytearray()
    while (byte := file.read(1)) != b"\0":
        if not byte:
            raise EOFError("Chromium is gone")
        content += byte
    return bytes(content)


@pytest.fixture
def tab(chromium: Callable[..., dict[str, Any]], tmp_path: Path) -> Iterator[Tab]:
    """A new tab; what it downloads comes to ``tmp_path``."""
    target = chromium("Target.createTarget", url="about:blank")["targetId"]
    session = chromium("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    chromium(
        "Browser.setDownloadBehavior",
        behavior="allow",
        downloadPath=str(tmp_path),
        eventsEnabled=False,
    )
    chromium("Emulation.setFocusEmulationEnabled", session=session, enabled=True)
    try:
        yield Tab(lambda method, **words: chromium(method, session=session, **words))
    finally:
        chromium("Target.closeTarget", targetId=target)
