"""A stranger's ``.onnx`` becomes a bundle: tried and rewritten in a child, then written here."""

import hashlib
import io
import os
import re
from pathlib import Path

import numpy as np
from PIL import Image
from pydantic import BaseModel, ConfigDict, ValidationError

from explorer.core.errors import KnownError
from explorer.core.progress import Progress
from explorer.models.bundle import Bundle, write_bundle
from explorer.models.card import Card, Parity
from explorer.models.foreign import Wishes
from explorer.models.generator import Generator
from explorer.models.vet import GRAPH, Found, Limits, Task, read_model, remember, run_apart, talk

_ANY = Found(
    z_dim=1, classes=0, height=1, width=1, channels=1, rgb_max_abs=0, image_max_levels=0, told=()
)
_PATIENCE_S = 600.0  # someone is watching, and 1,024 pixels take minutes on a busy machine
_PREVIEW = 64  # pictures
_PREVIEW_SIDE = 256  # pixels; larger ones are shown smaller


class About(BaseModel):
    """What only a person can say of a model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    title: str
    licence: str
    description: str = ""
    credits: tuple[str, ...] = ()


def id_of(file: Path) -> str:
    """An id that a file's name suggests."""
    plain = re.sub(r"[^a-z0-9._-]+", "-", file.stem.lower()).strip("-._")
    return plain[:64] or "model"


def look(
    file: Path,
    wishes: Wishes,
    *,
    id: str = "model",
    limits: Limits | None = None,
    progress: Progress = Progress(),
) -> tuple[bytes, Found]:
    """Pass a stranger's file through the gate and see what it is; the rewritten graph, too.

    Raises:
        Undecided: the person has to say something that can't be observed.
        KnownError: it is refused.
    """
    content, _ = read_model(file)
    task = Task(
        path=file.absolute(),
        sha256=hashlib.sha256(content).hexdigest(),
        limits=limits or Limits.of(len(content), seconds=_PATIENCE_S),
        wishes=wishes,
        id=id,
    )
    with talk(file) as folder:
        found = run_apart(task, folder, progress).found
        if found is None:
            raise RuntimeError("the child answered without having looked")
        return (folder / GRAPH).read_bytes(), found


def adopt(
    file: Path, out: Path, about: About, wishes: Wishes, progress: Progress = Progress()
) -> tuple[Card, Found]:
    """Write the bundle ``out`` from a stranger's file, whole or not at all.

    Raises:
        Undecided: the person has to say something that can't be observed.
        KnownError: the file is refused, or the bundle can't be written.
        Cancelled: as ``progress`` has it; nothing is written.
    """
    _card(about, wishes, _ANY)  # what is said wrongly is told before the long trial
    if out.exists() or out.is_symlink():
        raise KnownError(f"{out} exists already; choose another --id or remove it first.")
    _check_folder(out.parent)
    graph, found = look(file, wishes, id=about.id, progress=progress.part(0.0, 0.5))
    card = _card(about, wishes, found)
    files = {"synthesis.onnx": graph}
    files["preview.png"] = _preview(card, files, progress.part(0.5, 1.0))
    return write_bundle(out, card, files), found


def _card(about: About, wishes: Wishes, found: Found) -> Card:
    names = wishes.classes or tuple(f"class {i}" for i in range(found.classes))
    try:
        return Card(
            **about.model_dump(),
            architecture="foreign",
            height=found.height,
            width=found.width,
            channels=1 if found.channels == 1 else 3,
            z_dim=found.z_dim,
            classes=names,
            parity=Parity(rgb_max_abs=found.rgb_max_abs, image_max_levels=found.image_max_levels),
        )
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        what = first["loc"][0] if first["loc"] else "card"
        if what == "id":
            raise KnownError(
                f"{about.id[:80]!r} can't be an id, which is 1 to 64 of a-z, 0-9, dot, dash and "
                "underscore and begins with a letter or a digit; choose another --id."
            ) from error
        if what in ("title", "licence", "credits", "classes"):
            raise KnownError(
                f"The model's {what} can't be written so: on a card each is one line of 1 to 500 "
                "characters, without control characters."
            ) from error
        raise KnownError(f"The model's {what} can't be written so: {first['msg']}.") from error


def _check_folder(folder: Path) -> None:
    """Find out before the long trial whether anything can be written."""
    there = next(each for each in (folder, *folder.parents) if os.path.lexists(each))
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise KnownError(
            f"Nothing can be added to {folder}, because {there} can't be written to; change its "
            "rights, or name another folder in MASQUERADE_HOME."
        )


def _preview(card: Card, files: dict[str, bytes], progress: Progress) -> bytes:
    """Seeds 0 to 63, eight by eight, by the bundle as the app will open it."""
    with talk(Path(card.id)) as folder:
        trial = folder / card.id
        write_bundle(trial, card, files)
        bundle = Bundle.read(trial)
        remember(bundle)  # the child has just opened this graph
        generator = Generator.open(bundle)
        side = min(1.0, _PREVIEW_SIDE / max(card.height, card.width))
        size = max(1, round(card.width * side)), max(1, round(card.height * side))
        sheet = Image.new("L" if card.channels == 1 else "RGB", (8 * size[0], 8 * size[1]))
        for first in range(0, _PREVIEW, 8):
            progress.reach(first / _PREVIEW)
            points = np.stack([generator.seed_point(seed) for seed in range(first, first + 8)])
            for column, pixels in enumerate(generator.paint(points)):
                picture = Image.fromarray(pixels[:, :, 0] if card.channels == 1 else pixels)
                if picture.size != size:
                    picture = picture.resize(size, Image.Resampling.LANCZOS)
                sheet.paste(picture, (column * size[0], first // 8 * size[1]))
    png = io.BytesIO()
    sheet.save(png, "PNG")
    progress.reach(1.0)
    return png.getvalue()
