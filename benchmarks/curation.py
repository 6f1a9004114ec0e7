"""Precision and recall of each finder, on pictures that were dirtied in a known way.

``python -m benchmarks.curation PICTURES [--doodles FILE] [--peer]``: PICTURES is a folder or zip with
class folders, FILE another source of drawings. A copy is made in a temporary folder.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from explorer.likeness.features import Extractor
from training.curation.cache import Cache
from training.curation.curate import find
from training.curation.pile import image_of, load, open_pile
from training.curation.survey import Survey, survey
from training.data.masks.folder import write_masks

EACH = 40
"""Pictures that are dirtied in each way."""


@dataclass
class Truth:
    """What was done to which file."""

    origin: dict[str, str] = field(default_factory=dict)  # copy -> the file it was made of
    how: dict[str, str] = field(default_factory=dict)  # copy -> in which way
    kinds: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # kind -> files


def nearly(image: Image.Image, how: str, chance: random.Random) -> Image.Image:
    """A near duplicate, made in one of the ways in which they come about."""
    width, height = image.size
    if how == "crop":
        left, top, right, bottom = (chance.uniform(0.03, 0.05) for _ in range(4))
        return image.crop(
            (
                round(left * width),
                round(top * height),
                round((1 - right) * width),
                round((1 - bottom) * height),
            )
        )
    if how == "brightness":
        return ImageEnhance.Brightness(image).enhance(chance.choice((0.75, 0.85, 1.15, 1.25)))
    if how == "mirror":
        return ImageOps.mirror(image)
    if how == "rescale":
        scale = chance.choice((0.5, 0.75, 1.5, 2.0))
        return image.resize((round(width * scale), round(height * scale)), Image.Resampling.BICUBIC)
    return image


NEAR = ("jpeg", "crop", "brightness", "mirror", "rescale")
SPOILT: dict[str, Callable[[Image.Image, random.Random], Image.Image]] = {
    "blurry": lambda image, chance: image.filter(
        ImageFilter.GaussianBlur(chance.uniform(0.02, 0.035) * image.width)
    ),
    "dark": lambda image, chance: ImageEnhance.Brightness(image).enhance(
        chance.uniform(0.05, 0.15)
    ),
    "bright": lambda image, chance: _paled(image, chance.randint(200, 230)),
    "empty": lambda image, chance: Image.new(
        "RGB", image.size, tuple(chance.randint(60, 220) for _ in range(3))
    ),
    "size": lambda image, chance: (
        image.resize((max(8, image.width // 6), max(8, image.height // 6)))
        if chance.random() < 0.5
        else image.crop((0, image.height // 3, image.width, image.height // 3 + image.height // 5))
    ),
}


def _paled(image: Image.Image, low: int) -> Image.Image:
    return image.point(lambda value: low + value * (255 - low) // 255)


def dirty(pictures: Path, out: Path, count: int, seed: int = 0) -> Truth:
    """Write ``count`` pictures of ``pictures`` and their dirt to ``out``."""
    chance = random.Random(seed)
    truth = Truth()
    with open_pile(pictures) as pile:
        classes = pile.classes_of([True] * len(pile.pictures))
        places = sorted(chance.sample(range(len(pile.pictures)), min(count, len(pile.pictures))))
        clean = {
            f"{classes[n] or 'all'}/{n:06d}.png": image_of(load(pile.pictures[n]))[0]
            for n in places
        }
    names = sorted({file.partition("/")[0] for file in clean})
    free = sorted(clean)
    chance.shuffle(free)

    def take(many: int) -> list[str]:
        taken, free[:many] = free[:many], []
        return taken

    for kind, spoil in SPOILT.items():
        for file in take(EACH):
            clean[file] = spoil(clean[file], chance)
            truth.kinds[kind].add(file)
    for file in take(EACH):  # moved into another class
        if len(names) < 2:
            break
        kind, _, name = file.partition("/")
        other = chance.choice([each for each in names if each != kind])
        clean[f"{other}/{name}"] = clean.pop(file)
        truth.kinds["class"].add(f"{other}/{name}")
    for file, image in clean.items():
        save(out / file, image)
    for file in take(EACH):
        copy = f"{file[:-4]}-copy.png"
        (out / copy).write_bytes((out / file).read_bytes())
        truth.origin[copy], truth.how[copy] = file, "exact"
    for how in NEAR:
        for file in take(EACH):
            copy = f"{file[:-4]}-{how}.{'jpg' if how == 'jpeg' else 'png'}"
            save(out / copy, nearly(clean[file], how, chance), quality=chance.randint(40, 80))
            truth.origin[copy], truth.how[copy] = file, how
    for number, file in enumerate(take(EACH)):
        content = (out / file).read_bytes()
        cut = (b"", b"no picture", content[: len(content) // 2], content[:40])[number % 4]
        (out / file).write_bytes(cut)
        truth.kinds["corrupt"].add(file)
    return truth


def strangers(pictures: Path, doodles: Path | None, out: Path, count: int, seed: int = 0) -> Truth:
    """Write rendered masks, and drawings among them."""
    chance = random.Random(seed)
    truth = Truth()
    write_masks(out, count=count, size=128, seed=seed)
    folders = sorted(path for path in out.iterdir() if path.is_dir())
    for source in filter(None, (pictures, doodles)):
        with open_pile(source) as pile:
            for number in chance.sample(range(len(pile.pictures)), EACH):
                image, _ = image_of(load(pile.pictures[number]))
                if image.width < 128:
                    image = image.resize((128, 128), Image.Resampling.BICUBIC)
                folder = chance.choice(folders)
                path = folder / f"drawn-{source.stem}-{number}.png"
                save(path, image)
                truth.kinds["drawing"].add(path.relative_to(out).as_posix())
    return truth


def save(path: Path, image: Image.Image, quality: int = 75) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".jpg":
        image.save(path, "JPEG", quality=quality)
    else:
        image.save(path, "PNG")


@dataclass
class Scored:
    """One line of the table."""

    name: str
    right: int
    told: int
    true: int

    def __str__(self) -> str:
        precision = f"{self.right / self.told:.3f}" if self.told else "–"
        recall = f"{self.right / self.true:.3f}" if self.true else "–"
        return f"| {self.name} | {self.true} | {self.told} | {precision} | {recall} |"


def scores(seen: Survey, truth: Truth) -> Iterator[Scored]:
    """Each finder against the truth."""
    found = find(seen)
    files = seen.files
    for name, clusters, hows in (
        ("exact duplicates", found.exact, ("exact",)),
        ("near duplicates", found.near, NEAR),
    ):
        told = {
            frozenset((files[a], files[b]))
            for cluster in clusters
            for a, b in combinations((cluster.kept, *cluster.others), 2)
        }
        origin = {copy: file for copy, file in truth.origin.items() if truth.how[copy] in hows}
        true = {frozenset(pair) for pair in origin.items()}
        yield Scored(name, len(told & true), len(told), len(true))
        for how in hows if len(hows) > 1 else ():
            some = {frozenset((c, f)) for c, f in origin.items() if truth.how[c] == how}
            yield Scored(f"– {how}", len(told & some), 0, len(some))
    for kind in (*SPOILT, "class", "drawing"):
        if truth.kinds[kind]:
            said = {files[one.picture] for one in found.findings if one.kind == kind}
            yield Scored(kind, len(said & truth.kinds[kind]), len(said), len(truth.kinds[kind]))
    if truth.kinds["corrupt"]:
        lost = {file for file, _ in seen.unreadable}
        yield Scored("unreadable", len(lost & truth.kinds["corrupt"]), len(lost), EACH)


def looked_at(folder: Path, cache: Path) -> Survey:
    extractor = Extractor.open()
    with open_pile(folder) as pile:
        return survey(
            pile, Cache(cache, extractor=extractor.sha256), open_extractor=lambda: extractor
        )


def peer(folder: Path, truth: Truth) -> Iterator[Scored]:
    """Cleanvision's own run over the same files."""
    from cleanvision import Imagelab

    lab = Imagelab(data_path=str(folder))
    lab.find_issues(n_jobs=1, verbose=False)
    table = lab.issues
    for theirs, ours in (
        ("dark", {"dark"}),
        ("light", {"bright"}),
        ("blurry", {"blurry"}),
        ("low_information", {"empty"}),
        ("odd_size", {"size"}),
        ("odd_aspect_ratio", {"size"}),
    ):
        flagged = table.index[table[f"is_{theirs}_issue"]]
        said = {Path(each).relative_to(folder.resolve()).as_posix() for each in flagged}
        true = {file for kind in ours for file in truth.kinds[kind]}
        yield Scored(f"cleanvision {theirs}", len(said & true), len(said), len(true))
    for theirs, hows in (("exact_duplicates", ("exact",)), ("near_duplicates", NEAR)):
        told = {
            frozenset(Path(each).relative_to(folder.resolve()).as_posix() for each in pair)
            for group in lab.info[theirs]["sets"]
            for pair in combinations(group, 2)
        }
        pairs = {frozenset((c, f)) for c, f in truth.origin.items() if truth.how[c] in hows}
        yield Scored(f"cleanvision {theirs}", len(told & pairs), len(told), len(pairs))


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("pictures", type=Path)
    words.add_argument("--doodles", type=Path)
    words.add_argument("--count", type=int, default=1000)
    words.add_argument("--seed", type=int, default=0)
    words.add_argument("--peer", action="store_true", help="ask cleanvision, too")
    told = words.parse_args()
    write = sys.stdout.write
    write("| finder | there | found | precision | recall |\n|---|---:|---:|---:|---:|\n")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "dirty")
        truth = dirty(told.pictures, folder, told.count, told.seed)
        begun = time.perf_counter()
        for line in scores(looked_at(folder, Path(temporary, "seen.bin")), truth):
            write(f"{line}\n")
        took = time.perf_counter() - begun
        if told.peer:
            begun = time.perf_counter()
            for line in peer(folder, truth):
                write(f"{line}\n")
            write(f"\ncleanvision took {time.perf_counter() - begun:.0f} s, we {took:.0f} s\n")
        masks = Path(temporary, "masks")
        truth = strangers(told.pictures, told.doodles, masks, 160, told.seed)
        for line in scores(looked_at(masks, Path(temporary, "more.bin")), truth):
            if line.true:
                write(f"{line}\n")


if __name__ == "__main__":
    main()
