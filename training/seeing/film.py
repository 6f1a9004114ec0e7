"""A run as film: the same latents from the first step to the last."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from explorer.core.errors import KnownError
from explorer.core.files import written_whole
from explorer.core.progress import Progress
from training.seeing.told import COLUMNS, Moment, Told, first_latents, read_grid, read_run

KINDS = (".webp", ".gif", ".png", ".apng", ".mp4", ".webm")

_SIDE = 720  # pixels that a film's longer side keeps to, if nothing else is said
_LARGEST = 4096  # pixels a side
_MOST_FRAMES = 20_000
_LAST_S = 1.5  # how long the end is held
_EASE = 1.5  # the early pictures change most: time runs as its 1.5th power
_PAPER, _INK, _QUIET, _LINE = (24, 24, 27), (240, 238, 233), (152, 150, 145), (70, 69, 68)


@dataclass(frozen=True, slots=True)
class Made:
    """What was written, and sentences about what was left out."""

    file: Path
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a film: grid ``first``, of which ``mix`` has become the next one."""

    first: int
    mix: float  # in [0, 1)


def frames(grids: int, count: int, *, fade: bool, held: int = 0) -> list[Frame]:
    """Plan ``count`` frames from the first of ``grids`` to the last, which is held some more.

    Early grids stand longer than late ones. With ``fade`` one becomes the next, slowly at both
    ends; without it they are cut.
    """
    plan = []
    for number in range(count):
        time = (number / max(1, count - 1)) ** _EASE
        place = time * (grids - 1) if fade else min(time * grids, grids - 1)
        first = min(int(place), grids - 1)
        part = place - first
        plan.append(Frame(first, part * part * (3 - 2 * part) if fade else 0.0))
    return plan + [Frame(grids - 1, 0.0)] * held


def spaced(moments: Sequence[Moment], every: int) -> list[Moment]:
    """Those at least ``every`` steps apart, the first and the last always among them."""
    kept: list[Moment] = []
    for moment in moments:
        if not kept or moment.step - kept[-1].step >= every:
            kept.append(moment)
    if kept and kept[-1] != moments[-1]:
        kept = [*(kept[:-1] or kept), moments[-1]]
    return kept


def film(
    run: Path,
    out: Path | None = None,
    *,
    seconds: float | None = None,
    fps: float | None = None,
    every: int = 1,
    pictures: int = COLUMNS**2,
    size: int | None = None,
    fade: bool = True,
    caption: bool = True,
    progress: Progress = Progress(),
) -> Made:
    """Show how the run's fixed latents became what they are.

    Args:
        out: its ending says what is written: WebP, GIF, APNG, MP4 or WebM; ``RUN/film.webp``.
        seconds: from the first grid to the last; a quarter for each grid, at most 15.
        fps: pictures a second; 20, or 10 where every picture is kept whole (GIF, APNG).
        every: steps between two grids at least.
        pictures: show only the first so many latents, 1 to 64; classes take turns.
        size: pixels of the longer side, without the caption.

    Raises:
        KnownError: there are not two grids to show, the kind is not known, PyAV is missing for
            MP4 or WebM, or the disk refuses.
    """
    out = out or run / "film.webp"
    kind = out.suffix.lower()
    if kind not in KINDS:
        raise KnownError(f"{out} can't be written: its name must end in {', '.join(KINDS)}.")
    told = read_run(run)
    moments, left_out = _sound(told, every, progress.part(0.0, 0.1))
    if len(moments) < 2:
        raise KnownError(
            f"{run / 'grids'} holds {len(moments)} grid to show and a film needs two: "
            "let the run go on, or have it paint more often with --grid-every."
        )
    fps = fps or (20.0 if kind in (".webp", ".mp4", ".webm") else 10.0)
    seconds = seconds or min(15.0, max(3.0, len(moments) / 4))
    count = max(2, round(seconds * fps))
    plan = frames(len(moments), count, fade=fade, held=round(_LAST_S * fps))
    if len(plan) > _MOST_FRAMES:
        raise KnownError(f"{out} would have {len(plan):,} frames: choose fewer --seconds or --fps.")
    projector = _Projector(told, moments, plan, pictures, size, caption, progress.part(0.1, 1.0))
    with written_whole(out) as beside:
        if kind in (".mp4", ".webm"):
            _write_video(beside, projector, fps, kind)
        else:
            _write_animation(beside, projector, fps, kind)
    return Made(out, left_out)


def cropped(grid: Image.Image, places: Sequence[int]) -> Image.Image:
    """The pictures at these places of a grid, laid out anew as nearly square as they allow."""
    if len(places) >= COLUMNS**2:
        return grid
    width, height = grid.width // COLUMNS, grid.height // COLUMNS
    columns = across(len(places))
    sheet = Image.new("RGB", (columns * width, -(-len(places) // columns) * height), _PAPER)
    for number, place in enumerate(places):
        part = grid.crop(box_of(place, width, height))
        sheet.paste(part, (number % columns * width, number // columns * height))
    return sheet


def across(pictures: int) -> int:
    """Pictures in a row: the fewest empty places in a form no wider than twice its height."""
    best = [
        (-(-pictures // columns) * columns - pictures, columns)
        for columns in range(1, pictures + 1)
        if columns <= 2 * -(-pictures // columns) and -(-pictures // columns) <= columns
    ]
    return min(best)[1]


def box_of(number: int, width: int, height: int) -> tuple[int, int, int, int]:
    """Where a latent's picture lies in its grid, in pixels."""
    left, top = number % COLUMNS * width, number // COLUMNS * height
    return left, top, left + width, top + height


def fitted(size: tuple[int, int], side: int | None) -> tuple[int, int]:
    """Bring ``size`` to a longer side of ``side``, or to whole multiples that stay within reach."""
    longer = max(size)
    if side is None and longer <= _SIDE:
        scale = Fraction(_SIDE // longer)
    else:
        scale = Fraction(min(side or _SIDE, _LARGEST), longer)
    return max(2, round(size[0] * scale)), max(2, round(size[1] * scale))


def enlarged(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Resize: by whole multiples with their pixels seen, otherwise smoothly."""
    if size == picture.size:
        return picture
    whole = size[0] % picture.width == 0 and size[1] % picture.height == 0
    how = Image.Resampling.NEAREST if whole else Image.Resampling.LANCZOS
    return picture.resize(size, how)


def _sound(told: Told, every: int, progress: Progress) -> tuple[list[Moment], tuple[str, ...]]:
    """The grids that can be read, and what to say of the others."""
    sound: list[Moment] = []
    left_out: list[str] = []
    for number, moment in enumerate(told.moments):
        try:
            read_grid(moment, told.card)
            sound.append(moment)
        except KnownError as error:
            left_out.append(str(error))
        progress.reach((number + 1) / len(told.moments))
    return spaced(sound, every), tuple(left_out)


class _Projector:
    """Paints the frames of a film, in their order and one at a time."""

    def __init__(
        self,
        told: Told,
        moments: Sequence[Moment],
        plan: Sequence[Frame],
        pictures: int,
        size: int | None,
        caption: bool,
        progress: Progress,
    ) -> None:
        self.told, self.moments, self.plan, self.progress = told, moments, plan, progress
        self.places, self.side = first_latents(told.card, pictures), size
        self._near: dict[int, Image.Image] = {}  # the two grids that the last frame was made of
        self.size = self._grid(0).size
        self._font = max(11, min(20, self.size[0] // 36))
        self.below = 3 * self._font if caption else 0

    def __len__(self) -> int:
        return len(self.plan)

    def paint(self, number: int) -> Image.Image:
        """Frame ``number``, RGB, with even sides; says that it is reached."""
        picture = self.picture(number)
        self.progress.reach((number + 1) / len(self))
        return picture

    def picture(self, number: int) -> Image.Image:
        frame = self.plan[number]
        shown = self._grid(frame.first)
        if frame.mix:
            shown = Image.blend(shown, self._grid(frame.first + 1), frame.mix)
        self._near = {k: v for k, v in self._near.items() if k >= frame.first}
        width, height = self.size[0], self.size[1] + self.below
        canvas = Image.new("RGB", (width + width % 2, height + height % 2), _PAPER)
        canvas.paste(shown)
        if self.below:
            self._label(canvas, frame)
        return canvas

    def _grid(self, number: int) -> Image.Image:
        if number not in self._near:
            grid = cropped(read_grid(self.moments[number], self.told.card), self.places)
            self._near[number] = enlarged(grid, fitted(grid.size, self.side))
        return self._near[number]

    def _label(self, canvas: Image.Image, frame: Frame) -> None:
        """The step and the pictures seen, under a line that fills up."""
        step = float(self.moments[frame.first].step)
        if frame.mix:
            step += frame.mix * (self.moments[frame.first + 1].step - step)
        draw = ImageDraw.Draw(canvas)
        font = ImageFont.load_default(self._font)
        top, width, line = self.size[1], self.size[0], max(2, self._font // 6)
        draw.rectangle((0, top, canvas.width, top + line - 1), _LINE)
        reached = step / max(1, self.moments[-1].step) * width
        draw.rectangle((0, top, reached, top + line - 1), _INK)
        middle = top + line + (self.below - line) // 2
        draw.text((self._font, middle), f"step {step:,.0f}", _INK, font, anchor="lm")
        seen = f"{kimg(self.told.images(step))} kimg"
        room = width - 3 * self._font - draw.textlength(f"step {step:,.0f}", font)
        if draw.textlength(seen, font) < room:
            draw.text((width - self._font, middle), seen, _QUIET, font, anchor="rm")


def kimg(images: float) -> str:
    """Thousand pictures, short: ``0``, ``3.2``, ``16``, ``1,058``."""
    thousand = images / 1000
    return f"{thousand:,.1f}" if 0 < thousand < 9.95 else f"{thousand:,.0f}"


class _Reel:
    """All frames but the first, as Pillow asks for the frames of an animation: one by one."""

    def __init__(self, paint: Callable[[int], Image.Image], count: int) -> None:
        self._paint, self.n_frames = paint, count - 1
        self._shown: Image.Image | None = None

    def seek(self, number: int) -> None:
        if number >= self.n_frames:
            raise EOFError
        self._shown = self._paint(number + 1)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shown, name)


def _write_animation(path: Path, projector: _Projector, fps: float, kind: str) -> None:
    paint = projector.paint
    options: dict[str, Any] = {"quality": 82, "method": 3}  # WebP's
    name = {".gif": "GIF", ".webp": "WEBP"}.get(kind, "PNG")
    if kind == ".gif":
        palette = _palette(projector)
        options = {}

        def paint(number: int) -> Image.Image:
            # Without dithering, which would make what stands still swarm.
            return projector.paint(number).quantize(palette=palette, dither=Image.Dither.NONE)

    elif name == "PNG":
        options = {}
    with path.open("wb") as file:  # Pillow leaves its own open when it is interrupted
        paint(0).save(
            file,
            format=name,
            save_all=True,
            append_images=[_Reel(paint, len(projector))],
            duration=round(1000 / fps),
            loop=0,
            **options,
        )


def _palette(projector: _Projector) -> Image.Image:
    """The 255 colours of a GIF, chosen from frames all over the film."""
    count = len(projector)
    chosen = sorted({round(part / 8 * (count - 1)) for part in range(9)})
    frames = [projector.picture(number).reduce(2) for number in chosen]
    width, height = frames[0].size
    joined = Image.new("RGB", (width, height * len(frames)))
    for row, frame in enumerate(frames):
        joined.paste(frame, (0, row * height))
    return joined.quantize(255, Image.Quantize.MEDIANCUT)


def _write_video(path: Path, projector: _Projector, fps: float, kind: str) -> None:
    try:
        av: Any = import_module("av")
    except ModuleNotFoundError as error:
        raise KnownError(
            f"A film as {kind} needs PyAV: pip install 'masquerade[film]', or write a .webp."
        ) from error
    rate = Fraction(fps).limit_denominator(1000)
    container_format, codec, options = {
        ".mp4": ("mp4", "libx264", {"crf": "18"}),
        ".webm": ("webm", "libvpx-vp9", {"crf": "30", "b:v": "0"}),
    }[kind]
    with av.open(str(path), "w", format=container_format) as container:
        stream = container.add_stream(codec, rate=rate, options=options)
        first = projector.paint(0)
        stream.width, stream.height, stream.pix_fmt = first.width, first.height, "yuv420p"
        for number in range(len(projector)):
            picture = projector.paint(number) if number else first
            container.mux(stream.encode(av.VideoFrame.from_image(picture)))
        container.mux(stream.encode())
