"""Pictures to sort, and a browser to sort them in."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def photograph(seed: int, side: int = 96) -> Image.Image:
    """Soft shades and grain, another scene for every seed."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(30, 226, (6, 6, 3)).astype(np.uint8))
    scene = np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC), np.float64)
    fine = Image.fromarray(rng.integers(0, 256, (24, 24, 3)).astype(np.uint8))
    scene += 0.25 * (np.asarray(fine.resize((side, side), Image.Resampling.BICUBIC)) - 127.5)
    scene += rng.normal(0, 5, scene.shape)
    return Image.fromarray(np.clip(scene, 0, 255).astype(np.uint8))


def drawing(seed: int, side: int = 96) -> Image.Image:
    """Flat shapes with hard edges."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (side, side), (255, 255, 255))
    pen = ImageDraw.Draw(image)
    for _ in range(4):
        x, y = rng.integers(0, side - 30, 2).tolist()
        w, h = rng.integers(15, 40, 2).tolist()
        red, green, blue = rng.integers(0, 256, 3).tolist()
        pen.ellipse((x, y, x + w, y + h), fill=(red, green, blue), outline=(0, 0, 0), width=2)
    return image


@pytest.fixture(scope="session")
def photographs() -> Callable[[int], Image.Image]:
    return photograph


@pytest.fixture(scope="session")
def drawings() -> Callable[[int], Image.Image]:
    return drawing


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty photographs, and one or two of everything that is to be found among them."""
    folder = tmp_path_factory.mktemp("pictures") / "Dogs & <cats>"
    folder.mkdir()
    for seed in range(30):
        photograph(seed).save(folder / f"{seed:02d}.png")
    (folder / "33 again.png").write_bytes((folder / "03.png").read_bytes())
    photograph(4).save(folder / "04.jpg", quality=60)
    photograph(5).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(folder / "05 mirrored.png")
    photograph(40).filter(ImageFilter.GaussianBlur(4)).save(folder / "blurred.png")
    photograph(41).point(lambda value: value // 10).save(folder / "dark.png")
    photograph(42).point(lambda value: 225 + value // 10).save(folder / "pale.png")
    Image.new("RGB", (96, 96), (90, 120, 90)).save(folder / "empty.png")
    drawing(0).save(folder / "drawn \"quoted\", 'twice'.png")
    photograph(43).crop((0, 0, 96, 12)).save(folder / "narrow.png")
    (folder / "torn.png").write_bytes((folder / "07.png").read_bytes()[:300])
    if sys.platform != "win32":
        photograph(44).save(folder / "<img src=x onerror=alert(1)>\n.png")
    return folder


class Page:
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
def _chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., dict[str, Any]]]:
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
def page(_chromium: Callable[..., dict[str, Any]], tmp_path: Path) -> Iterator[Page]:
    """A new tab; what it downloads comes to ``tmp_path``."""
    target = _chromium("Target.createTarget", url="about:blank")["targetId"]
    session = _chromium("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    _chromium(
        "Browser.setDownloadBehavior",
        behavior="allow",
        downloadPath=str(tmp_path),
        eventsEnabled=False,
    )
    _chromium("Emulation.setFocusEmulationEnabled", session=session, enabled=True)
    try:
        yield Page(lambda method, **words: _chromium(method, session=session, **words))
    finally:
        _chromium("Target.closeTarget", targetId=target)
