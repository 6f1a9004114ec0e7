"""``explorer doctor``: is everything in place, and if not, what to do."""

import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

import explorer
from explorer.cli.screen import give_json, give_table, mark
from explorer.cli.windows import why_no_window
from explorer.core.errors import KnownError

if TYPE_CHECKING:
    from explorer.upscale.weights import Weights

_PACKAGES = ("numpy", "onnxruntime", "pillow", "pydantic", "PySide6-Essentials")
_SIGNS = {"well": "✓", "note": "·", "broken": "✗"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. A note is worth knowing, and nothing is broken by it."""

    what: str
    state: Literal["well", "note", "broken"]
    text: str


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")] = False,
) -> None:
    """Look at everything the app needs, and paint one picture to see that it can.

    The exit status is 1 if something is broken.

    Example:
      explorer doctor
    """
    findings = list(examine())
    if as_json:
        give_json([asdict(finding) for finding in findings])
    else:
        rows = [(mark(_SIGNS[each.state]), each.what, each.text) for each in findings]
        give_table(("", "what", "how it is"), rows)
    if any(finding.state == "broken" for finding in findings):
        raise typer.Exit(1)


def examine() -> Iterator[Finding]:
    """Look at one thing after the other; nothing that is broken keeps the rest from being told."""
    yield Finding("masquerade", "well", explorer.__version__)
    yield Finding("python", "well", f"{platform.python_version()}, {platform.platform()}")
    for package in _PACKAGES:
        yield _package(package)
    yield _tried("painting on", _providers)
    yield from _models()
    yield from _upscalers()
    yield from _places()
    yield _tried("one picture", _one_picture)
    reason = why_no_window()
    yield Finding("window", "well" if reason is None else "note", reason or "can be opened")


def _tried(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, "well", look())
    except KnownError as error:
        return Finding(what, "broken", str(error))
    except Exception as error:  # noqa: BLE001 - a doctor's patient may be ill in any way
        return Finding(what, "broken", f"{type(error).__name__}: {error}")


def _package(name: str) -> Finding:
    try:
        return Finding(name, "well", version(name))
    except PackageNotFoundError:
        if name == "PySide6-Essentials":
            return Finding(name, "note", "not installed; only windows need it")
        frozen = bool(getattr(sys, "frozen", False))  # a frozen app carries no such records
        return Finding(name, "note" if frozen else "broken", "its version is not known")


def _providers() -> str:
    from explorer.models.sessions import physical_cores, processors

    cores = physical_cores()
    others = [p for p in processors() if p != "CPUExecutionProvider"]
    text = f"the processor, {cores} core{'s' if cores > 1 else ''}"
    return text + (f" (also there, not used: {', '.join(others)})" if others else "")


def _models() -> Iterator[Finding]:
    from explorer.models.library import Library, user_folder

    entries = Library().entries()
    if not entries:
        yield Finding("models", "broken", f"none; put a bundle into {user_folder()}")
    for entry in entries:
        name = entry.path.name if entry.card is None else entry.card.id
        if entry.problem is not None:
            yield Finding(f"model {name}", "broken", entry.problem)
        else:
            yield _tried(f"model {name}", partial(_whole_model, entry.path))


def _whole_model(path: Path) -> str:
    from explorer.models.bundle import Bundle

    bundle = Bundle.read(path)
    return f"whole, {len(bundle.card.files)} files in {path}"


def _upscalers() -> Iterator[Finding]:
    from explorer.upscale.weights import folders, installed, problems

    for problem in problems(folders()):
        yield Finding("upscaler", "broken", problem)
    there = installed(folders())
    for name, weights in there.items():
        yield _tried(f"upscaler {name}", partial(_whole_weights, weights))
    if not there:
        yield Finding("upscalers", "note", "none but Lanczos")


def _whole_weights(weights: "Weights") -> str:
    return f"whole, {len(weights.content()):,} bytes in {weights.path}"


def _places() -> Iterator[Finding]:
    from explorer.core import places

    for what, folder in (
        ("your things", places.home()),
        ("gallery", places.gallery_folder()),
        ("models' folder", places.models_folder()),
        ("log", places.log_file().parent),
    ):
        yield _tried(what, partial(_writable, folder))


def _writable(folder: Path) -> str:
    """Try to write where ``folder`` is, or would be made."""
    existing = folder
    while not existing.exists():
        existing = existing.parent
    try:
        with tempfile.TemporaryFile(dir=existing) as file:
            file.write(b"\0")
    except OSError as error:
        raise KnownError(
            f"{existing} can't be written: {error.strerror}; "
            "set MASQUERADE_HOME to a folder that can."
        ) from error
    return f"{folder} can be written"


def _one_picture() -> str:
    from explorer.latent.expression import Seed
    from explorer.models.library import Library
    from explorer.render.repaint import compose, paint
    from explorer.upscale.upscaler import Upscalers

    library = Library()
    generator = library.open(library.default_id())
    request = compose(generator, Seed(seed=0))
    began = time.monotonic()
    pixels, _ = paint(request, Upscalers())
    took_ms = (time.monotonic() - began) * 1000
    if pixels.std() < 1:
        raise KnownError(f"{generator.card.id} paints nothing but one colour; get it again.")
    height, width = pixels.shape[:2]
    return f"{generator.card.id} painted {width} × {height} pixels in {took_ms:.0f} ms"
