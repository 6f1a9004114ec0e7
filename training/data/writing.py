"""One run over the pictures: everything that is kept goes into records and a table, in order."""

from collections import Counter
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path

from explorer import __version__
from explorer.core.files import write_bytes
from explorer.core.progress import Progress
from explorer.core.tables import table_line
from training.data.card import CARD, TABLE, ClassCount, DatasetCard, Framing, SkippedFile
from training.data.decisions import Decisions
from training.data.fitting.decode import Skipped
from training.data.fitting.steps import Batch, Given, Item, LeftOut, Made, Plan, work
from training.data.origins.credits import Credit, summary
from training.data.shards import ShardWriter
from training.data.sources.film import Frames, film_frames
from training.data.sources.listing import wholes
from training.data.sources.several import Sorted
from training.data.sources.source import Picture, Source
from training.data.sources.stylegan import ZipWriter
from training.data.spread import Hands, in_order

FIXED = ("index", "file", "class", "source", "author", "licence")
"""The first columns of a dataset's table."""

_ORIGINAL = "original"  # column of a zip's table: what a picture was called in its source
_BATCH = 16  # pictures in a message, where they are small
_BATCH_BYTES = 4 << 20  # of pixels or of files in a message


def is_zip(out: Path) -> bool:
    """Whether this is to become a StyleGAN zip."""
    return out.suffix.lower() == ".zip"


def kept(picture: Picture, plan: Plan, frames: Frames, decisions: Decisions) -> Iterator[str]:
    """What would be kept of a picture: its name or those of its parts."""
    if picture.film is None:
        items: Iterator[Item] = iter([Item(picture.file, picture.file, picture.load)])
    else:
        items = (
            Item(frame.file, picture.file, Given(frame.pixels))
            for frame in film_frames(picture.file, picture.film, frames, [])
        )
    try:
        for item in items:
            for outcome in plan.outcomes(item.file, item.load):
                if isinstance(outcome, Made) and not decisions.rejects(outcome.file, picture.file):
                    yield outcome.file
    except Skipped:  # a film that can't be read
        return


def _like_parts(files: Collection[str]) -> set[str]:
    """Those that are called as a part of another may be: `a.png#1`, beside `a.png`."""
    held = [file for file in files if "#" in file]
    there = set(files) if held else set()
    return {file for file in held if any(map(there.__contains__, islice(wholes(file), 1, None)))}


class Writing:
    """A dataset that comes to be in ``folder``."""

    def __init__(
        self,
        found: Source,
        plan: Plan,
        frames: Frames,
        decisions: Decisions,
        classes: Sorted,
        folder: Path,
        out: Path,
    ) -> None:
        self.to: ShardWriter | ZipWriter
        self.to = ZipWriter(folder / out.name) if is_zip(out) else ShardWriter(folder)
        self.skipped = [SkippedFile(file=file, reason=reason) for file, reason in found.skipped]
        self.rejected = 0
        self._found, self._plan, self._frames = found, plan, frames
        self._decisions, self._class_of, self._folder = decisions, classes.of, folder
        self._classes = classes.names
        self._label_of = {name: label for label, name in enumerate(self._classes)}
        self._counts: Counter[str] = Counter()
        self._credits: Counter[Credit] = Counter()
        self._left_out = {file for file, _ in found.skipped}
        self._twins = _like_parts([each.file for each in found.pictures])
        self._met: set[str] = set()  # parts that were decided on, and did come up
        self._unseen: set[str] = set()  # what gave nothing, so that its parts did not
        self._factors = [name for name in found.columns if name not in FIXED]
        if is_zip(out) and _ORIGINAL not in self._factors:
            self._factors.insert(0, _ORIGINAL)

    @property
    def why_empty(self) -> str:
        """Of one picture, why it was left out."""
        if self.skipped:
            return f": {self.skipped[0].file} {self.skipped[0].reason}"
        return ": all were rejected" if self.rejected else ""

    def take(self, hands: Hands, progress: Progress, *, carries: bool) -> None:
        """Let ``hands`` work on every picture, and write what they make of it.

        Where it ``carries``, files are read here, since the workers may see other disks.
        """
        with (
            (self._folder / TABLE).open("w", encoding="utf-8", newline="") as file,
            self.to,
        ):
            file.write(table_line([*FIXED, *self._factors]))
            for batch, answers in in_order(hands, work, self._batches(carries)):
                for item, outcomes in zip(batch.items, answers, strict=True):
                    for outcome in outcomes:
                        row = self._row(item, outcome)
                        if row:
                            file.write(table_line(row))
                progress.reach(batch.done)
            progress.reach(1.0)

    def finish(self, name: str, framing: Framing) -> DatasetCard:
        """Write the card, when everything is taken."""
        if self._decisions.by_file:
            files = {each.file for each in self._found.pictures} | self._left_out
            self._decisions.check_met(files, self._met, self._unseen)
        fit = self._plan.fit
        licence, thanks = summary(self._credits, thanks=self._found.credits)
        skipped = tuple(sorted(self.skipped, key=lambda one: one.file))
        card = DatasetCard(
            name=name,
            count=self.to.count,
            height=fit.size,
            width=fit.size,
            channels=fit.channels,
            classes=tuple(ClassCount(name=n, count=self._counts[n]) for n in self._classes),
            content_sha256=self.to.content_sha256,
            shards=self.to.finish(self._folder / TABLE, self._classes, skipped, framing),
            fit=framing.fit,
            padding=framing.padding,
            align=framing.align,
            licence=licence,
            credits=thanks,
            decisions_sha256=self._decisions.sha256,
            skipped=skipped,
            software=f"masquerade {__version__}",
            prepared=framing.prepared,
        )
        if isinstance(self.to, ShardWriter):
            write_bytes(self._folder / CARD, card.model_dump_json(indent=1).encode())
        return card

    def _row(self, item: Item, outcome: Made | LeftOut) -> list[str] | None:
        """Write one picture, and give its line of the table; None where it is left out."""
        decisions = self._decisions
        self._met.update(n for n in wholes(outcome.file, item.of) if n in decisions.by_file)
        if decisions.rejects(outcome.file, item.of):
            self.rejected += 1
            return None
        if isinstance(outcome, LeftOut):
            self._leave(outcome.file, outcome.reason)
            self._unseen.add(outcome.file)
            return None
        if outcome.file != item.of and outcome.file in self._twins:
            self._leave(outcome.file, "is a part with the same name as another file")
            return None
        name = self._class_of.get(item.of, "")
        if self._classes:
            name = decisions.class_of(outcome.file, item.of) or name
        if self._classes and name not in self._label_of:
            self._leave(outcome.file, "has no class of its own, or was changed meanwhile")
            return None
        index = self.to.add(outcome.png, self._label_of.get(name, 0), outcome.pixels)
        self._counts[name] += 1
        credit = self._found.known.of(outcome.file, self._found.told(outcome.file), outcome.inside)
        self._credits[Credit(author=credit.author, licence=credit.licence)] += 1
        row = self._found.row(outcome.file) | {"index": str(index), "class": name}
        row |= {"source": credit.source, "author": credit.author, "licence": credit.licence}
        row["file"] = outcome.file
        if isinstance(self.to, ZipWriter):
            row["file"] = self.to.name(index)
            row.setdefault(_ORIGINAL, outcome.file)
        return [row.get(column, "") for column in (*FIXED, *self._factors)]

    def _leave(self, file: str, reason: str) -> None:
        self.skipped.append(SkippedFile(file=file, reason=reason))

    def _items(self) -> Iterator[tuple[Item, float]]:
        """Everything to work on, and how far along it is."""
        count = len(self._found.pictures)
        for number, picture in enumerate(self._found.pictures):
            file = picture.file
            if self._decisions.rejects(file, file) and not self._decisions.has_parts(file):
                self.rejected += 1
            elif picture.film is None:
                yield Item(file, file, picture.load), (number + 1) / count
            else:
                yield from self._frames_of(picture, number, count)

    def _frames_of(self, picture: Picture, number: int, count: int) -> Iterator[tuple[Item, float]]:
        left_out: list[str] = []
        if picture.film is None:
            return
        try:
            for frame in film_frames(picture.file, picture.film, self._frames, left_out):
                item = Item(frame.file, picture.file, Given(frame.pixels))
                yield item, (number + frame.done) / count
        except Skipped as reason:
            self._leave(picture.file, str(reason))
            self._unseen.add(picture.file)
        for what in left_out:
            self._leave(picture.file, what)

    def _batches(self, carries: bool) -> Iterator[Batch]:
        """Items as messages that take little memory, whatever a picture weighs."""
        each = self._plan.fit.size**2 * self._plan.fit.channels
        most = max(1, min(_BATCH, _BATCH_BYTES // each))
        items: list[Item] = []
        weight = 0
        done = 0.0
        for item, done in self._items():
            if carries:
                item = Item(item.file, item.of, Given.by(item.load))
            items.append(item)
            weight += len(item.load) if isinstance(item.load, Given) else 0
            if len(items) >= most or weight >= _BATCH_BYTES:
                yield Batch(self._plan, tuple(items), done)
                items, weight = [], 0
        if items:
            yield Batch(self._plan, tuple(items), done)
