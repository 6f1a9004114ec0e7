"""Everything bad that we could think of, given to the commands: one sentence, and nothing lost.

Each case spoils something in a folder that holds a model, a picture, an export, a dataset, a run
and a gallery, runs one command there, and says what the command must answer.
"""

import hashlib
import io
import json
import os
import re
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, redirect_stderr
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from explorer.cli import main as explorer
from explorer.core.files import BESIDE
from explorer.core.lock import locked
from explorer.gallery.chunks import SIGNATURE, chunk_bytes, read_texts, with_texts

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests" / "golden"
LOCKS = (".lock", "lock")  # they stay, and mean nothing

Spoil = Callable[[Path], object]
Answer = Callable[[str], tuple[int, str, str]]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of two seeds, made once by the command itself."""
    out = tmp_path_factory.mktemp("export") / "out"
    words = f"export --seeds 0-1 --model {GOLDEN / 'dcgan-bundle'} --out".split()
    subprocess.run([sys.executable, "-m", "explorer.cli", *words, out], check=True, cwd=ROOT)
    return out


@pytest.fixture
def here(exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Something of everything, in the current folder."""
    shutil.copytree(GOLDEN / "dcgan-bundle", tmp_path / "home" / "models" / "golden-dcgan")
    shutil.copytree(GOLDEN / "dcgan-bundle", tmp_path / "model")
    shutil.copytree(exported, tmp_path / "out")
    for name in ("dataset", "run", "gallery"):
        shutil.copytree(GOLDEN / name, tmp_path / name)
    shutil.copy(GOLDEN / "artwork.png", tmp_path / "moon.png")
    shutil.copy(exported / "manifest.jsonl", tmp_path / "lines.jsonl")
    monkeypatch.setenv("MASQUERADE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Answer:
    """Run a command as a person does: the status, standard output, standard error.

    Of standard error what Python wrote counts, or else what a process of ours did.
    """

    def run(command: str) -> tuple[int, str, str]:
        words = command.split()
        monkeypatch.setattr(sys, "argv", words)
        entry = explorer
        if words[0] == "explorer-train":
            import training.cli

            entry = training.cli.main
            # It would send the whole process's standard error to the log, pytest's too.
            monkeypatch.setattr(training.cli, "_hide_native_chatter", lambda: None)
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended, redirect_stderr(io.StringIO()) as err:
            entry()
        said = capfd.readouterr()
        return int(ended.value.code or 0), said.out, err.getvalue() or said.err

    return run


def contents(folder: Path) -> dict[Path, str]:
    """The SHA-256 of every file below; that a model was let in before is nobody's loss."""
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in LOCKS and path.parent.name != "vetted"
    }


# What a case does to the folder.


def nothing(here: Path) -> None: ...


def put(name: str, content: bytes = b"") -> Spoil:
    return lambda here: (here / name).write_bytes(content)


def change(name: str, by: Callable[[bytes], bytes]) -> Spoil:
    return lambda here: (here / name).write_bytes(by((here / name).read_bytes()))


def cut(name: str) -> Spoil:
    return change(name, lambda content: content[:-40])


def says(name: str, **other: Any) -> Spoil:
    """A JSON file with other values."""
    return change(name, lambda content: json.dumps(json.loads(content) | other).encode())


def gone(name: str) -> Spoil:
    return lambda here: (here / name).unlink()


def folder(name: str, word: str = "") -> Spoil:
    """A folder in place of a file, empty or with a text in it."""

    def spoil(here: Path) -> None:
        (here / name).unlink(missing_ok=True)
        (here / name).mkdir()
        if word:
            (here / name / "notes.txt").write_text(word)

    return spoil


def listed(name: str, content: bytes) -> Spoil:
    """A file of the model that is what the card lists, and still no good."""

    def spoil(here: Path) -> None:
        files = json.loads((here / CARD).read_bytes())["files"]
        says(CARD, files=files | {name: hashlib.sha256(content).hexdigest()})(here)
        put(f"model/{name}", content)(here)

    return spoil


def recipe(**other: Any) -> Spoil:
    """The picture with another recipe inside."""

    def spoil(here: Path) -> None:
        path = here / "moon.png"
        texts = read_texts(path, frozenset({RECIPE}))
        with path.open("rb") as file:
            changed = json.dumps(json.loads(texts[RECIPE]) | other)
            content = with_texts(file, path, {RECIPE: changed})
        path.write_bytes(content)

    return spoil


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (32, 32), "teal").save(out, "JPEG")
    return out.getvalue()


def png(width: int, height: int) -> bytes:
    """A PNG that is black and claims a size; one that is too large for that holds nothing."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(height * (width * 3 + 1) if width < 64 else 9))
    chunks = ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    return SIGNATURE + b"".join(chunk_bytes(*chunk) for chunk in chunks)


def objects(save: Callable[..., None]) -> bytes:
    """A Python object as numpy writes it, which would run code when it is loaded."""
    out = io.BytesIO()
    save(out, np.array([{}]), allow_pickle=True)
    return out.getvalue()


def newer_gallery(here: Path) -> None:
    with closing(sqlite3.connect(here / "gallery" / "gallery.sqlite")) as db:
        db.execute("PRAGMA user_version = 99")


RECIPE = "explorer:recipe"
CARD, GRAPH, LINES = "model/card.json", "model/synthesis.onnx", "lines.jsonl"
DATASET, RUN, BASE = "dataset/dataset.json", "run/run.json", "gallery/gallery.sqlite"
SHOW = "explorer models show model"
VERIFY = "explorer verify moon.png"
UPSCALE = "explorer upscale moon.png --upscale lanczos --out new.png"
EXPORT = "explorer export --model golden-dcgan"
REPAINT = "explorer export --recipes lines.jsonl --out new"
KIOSK = "explorer kiosk --model golden-dcgan --gallery gallery"
PREPARE = "explorer-train prepare {} new --size 8"
OTHER = {"width": 42, "height": 42, "sha256": "0" * 64}
NOBODY = {"id": "nobody", "title": "", "sha256": "0" * 64}
BIG = PREPARE.format("gallery/pictures").replace("8", "96")
BOMB = png(100_000, 100_000)

# fmt: off
CASES: dict[str, tuple[Spoil, str, str]] = {  # what is spoilt, by what, the command, the answer
    "card, empty": (put(CARD), SHOW, "model/card.json can't be used"),
    "card, cut off": (cut(CARD), SHOW, "model/card.json can't be used"),
    "card, newer": (says(CARD, format=2), SHOW, "model/card.json was made by a newer version"),
    "card, lies about the pictures": (says(CARD, width=16), SHOW, "model: synthesis.onnx has image"),
    "card, lies about the latents": (says(CARD, z_dim=7), SHOW, "model: latents.npz"),
    "card, huge": (change(CARD, lambda c: c + b" " * (5 << 20)), SHOW, "card.json is larger than"),
    "model, one bit": (change(GRAPH, lambda c: c[:-1] + b"?"), SHOW, "synthesis.onnx is not the file"),
    "model, lost file": (gone(GRAPH), SHOW, "model has lost synthesis.onnx"),
    "model, no graph": (listed("synthesis.onnx", b"hello"), SHOW, "synthesis.onnx is no ONNX file"),
    "model, Python objects": (listed("latents.npz", objects(np.savez)), SHOW, "latents.npz holds"),
    "model, a zip cut off": (put("model.zip", b"PK\3\4"), SHOW + ".zip", "model.zip is"),
    "model, none": (nothing, "explorer models show dataset", "dataset has no card.json"),
    "picture, empty": (put("moon.png"), VERIFY, "moon.png is no PNG picture"),
    "picture, cut off": (cut("moon.png"), VERIFY, "moon.png is cut short or damaged"),
    "picture, mislabelled": (put("moon.png", jpeg()), VERIFY, "moon.png is no PNG picture"),
    "picture, a stranger's": (put("moon.png", png(8, 8)), VERIFY, "moon.png holds no recipe"),
    "picture, huge": (put("moon.png", BOMB), VERIFY, "moon.png claims to be 100000x100000 pixels"),
    "picture, a folder": (folder("moon.png"), VERIFY, "moon.png can't be read"),
    "picture, not there": (gone("moon.png"), VERIFY, "moon.png can't be read"),
    "picture, edited": (recipe(picture=OTHER), UPSCALE, "moon.png was edited after"),
    "picture, in the way": (put("new.png", b"mine"), UPSCALE, "new.png exists already"),
    "recipe, newer": (recipe(format=2), VERIFY, "moon.png can't be used: it is of format 2"),
    "recipe, hostile": (recipe(upscale=[{"id": "lanczos", "scale": 16}] * 3), VERIFY, "another size"),
    "recipe, no model": (recipe(model=NOBODY), VERIFY, "moon.png can't be verified: It was painted"),
    "recipes, empty": (put(LINES), REPAINT, "lines.jsonl holds no recipes"),
    "recipes, cut off": (cut(LINES), REPAINT, "lines.jsonl, line 2, can't be used"),
    "recipes, no model": (change(LINES, lambda c: c.replace(b"golden", b"no")), REPAINT, "lines.jsonl, line 1, can't"),
    "names, no text": (put("n", b"\xff"), EXPORT + " --seeds 0 --names n --out new", "n is not UTF-8"),
    "export, a file in the way": (put("new"), EXPORT + " --seeds 0 --out new", "new can't be used"),
    "export, other files": (nothing, EXPORT + " --seeds 0 --out run", "run holds other files"),
    "export, another": (nothing, EXPORT + " --seeds 0-9 --out out", "out holds an export that was"),
    "export, torn": (cut("out/export.json"), EXPORT + " --seeds 0-1 --out out", "out/export.json can't"),
    "gallery, newer": (newer_gallery, KIOSK, BASE + " was written by a newer Masquerade"),
    "gallery, damaged": (put(BASE, b"hello" * 999), KIOSK, BASE + " is damaged"),
    "source, not there": (nothing, PREPARE.format("gone"), "gone is not there"),
    "source, cut off": (put("a.zip", b"PK\3\4"), PREPARE.format("a.zip"), "a.zip is"),
    "source, Python objects": (put("a.npy", objects(np.save)), PREPARE.format("a.npy"), "a.npy can't"),
    "source, no picture": (folder("w", "hello"), PREPARE.format("w"), "w holds no picture that can"),
    "dataset, in the way": (folder("new"), PREPARE.format("gallery"), "new is already there"),
    "masks, other files": (nothing, "explorer-train masks run --size 16", "run holds other things"),
    "dataset, newer": (says(DATASET, format=2), "explorer-train look dataset", "of format 2"),
    "dataset, lies": (says(DATASET, width=9, height=9), "explorer-train look dataset", "dataset must"),
    "shard, cut off": (cut("dataset/records-00000.tfrecord"), "explorer-train look dataset", "records"),
    "run, other files": (
        says(DATASET, width=28, height=28), "explorer-train run dataset --out gallery --batch 4", "gallery holds"
    ),
    "run, newer": (says(RUN, format=2), "explorer-train run dataset --out run", "of format 2"),
    "run, none": (nothing, "explorer-train export out --id x-r1 --title X", "out is no run"),
}
# fmt: on


def marks(command: str) -> list[pytest.MarkDecorator]:
    no_qt = "kiosk" in command and find_spec("PySide6") is None
    trains = [pytest.mark.train] if command.startswith("explorer-train") else []
    return [*trains, pytest.mark.skipif(no_qt, reason="needs Qt")]


@pytest.mark.parametrize(
    ("spoil", "command", "said"),
    [pytest.param(*case, id=name, marks=marks(case[1])) for name, case in CASES.items()],
)
def test_bad_input_gets_one_sentence_and_changes_nothing(
    spoil: Spoil, command: str, said: str, here: Path, answer: Answer
) -> None:
    spoil(here)
    before = contents(here)

    status, out, err = answer(command)

    sentence = (err or out).removeprefix("✗ ")  # what verify finds is its result
    assert (status, is_one_sentence(sentence)) == (1, True), sentence
    assert said in sentence
    assert contents(here) == before


def is_one_sentence(text: str) -> bool:
    """One line that ends as sentences do, and no second one behind it."""
    return bool(re.fullmatch(r"\S.*\.\n", text)) and not re.search(r"[.!?] [A-Z]", text)


@contextmanager
def little_space(size: int) -> Iterator[None]:
    """No file of ours may grow beyond ``size`` bytes, as if the disk were full."""
    import resource  # only POSIX has it

    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


@pytest.mark.skipif(os.name == "nt", reason="Windows limits no file's length")
@pytest.mark.parametrize(
    ("command", "said"),
    [
        (UPSCALE, "new.png can't be written"),
        (EXPORT + " --seeds 0-40 --out new", "new/manifest.jsonl can't be written"),
        pytest.param(BIG, "new can't be written", marks=pytest.mark.train),
    ],
    ids=["upscale", "export", "prepare"],
)
def test_a_full_disk_is_one_sentence_and_the_same_command_does_it_later(
    command: str, said: str, here: Path, answer: Answer
) -> None:
    before = contents(here)

    with little_space(6000):
        status, _, sentence = answer(command)
    there = contents(here)

    assert (status, said in sentence, is_one_sentence(sentence)) == (1, True, True), sentence
    assert before.items() <= there.items()
    assert not list(here.rglob(BESIDE + "*"))
    assert answer(command)[0] == 0
    pictures = {path: sha for path, sha in there.items() if path.suffix == ".png"}
    assert pictures.items() <= contents(here).items()


def test_a_folder_in_use_is_left_to_who_uses_it(here: Path, answer: Answer) -> None:
    before = contents(here)

    with locked(here / "out" / ".lock", what="A test"):
        status, _, sentence = answer(EXPORT + " --seeds 0-1 --out out")

    assert (status, is_one_sentence(sentence)) == (1, True), sentence
    assert "out is in use by another process" in sentence
    assert contents(here) == before


_KILLED = """
import os, signal, sys
left = 3
def hear(event, arguments):
    global left
    if event == "os.rename" and str(arguments[1]).endswith(".png"):
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hear)
sys.argv[0] = "explorer"
from explorer.cli import main
main()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9 here")
def test_a_save_killed_halfway_loses_nothing_and_the_same_command_goes_on(
    here: Path, answer: Answer
) -> None:
    command = EXPORT + " --seeds 0-9 --out new"
    run = [sys.executable, "-c", _KILLED, *command.split()[1:]]
    killed = subprocess.run(run, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False)
    painted = {path: sha for path, sha in contents(here / "new").items() if path.name[0] == "0"}

    assert (killed.returncode, answer(command)[0]) == (-signal.SIGKILL, 0)
    assert len(painted) == 2
    assert painted.items() <= contents(here / "new").items()
    assert len(list((here / "new").glob("0*.png"))) == 10
    assert not list(here.rglob(BESIDE + "*"))


SKIPPED = {
    "bomb.png": (BOMB, "has more than 89 million pixels"),
    "cut.png": ((GOLDEN / "artwork.png").read_bytes()[:-900], "is damaged"),
    "empty.png": (b"", "is empty"),
    "page.jpg": (b"<html>not found</html>", "is not a picture that can be read"),
    "tiny.png": (png(3, 3), "is too small"),
}


@pytest.mark.train
def test_bad_pictures_are_skipped_by_name_with_the_reason(here: Path, answer: Answer) -> None:
    (here / "mine").mkdir()
    for name, (content, _) in SKIPPED.items():
        (here / "mine" / name).write_bytes(content)
    (here / "mine" / "loop.png").symlink_to("loop.png")
    (here / "mine" / "really-a-jpeg.png").write_bytes(jpeg())
    before = contents(here)

    status, _, said = answer(PREPARE.format("mine").replace("8", "32"))

    card = json.loads((here / "new" / "dataset.json").read_bytes())
    reasons = {each["file"]: each["reason"] for each in card["skipped"]}
    assert (status, card["count"]) == (0, 1)
    assert "6 files skipped (see dataset.json)" in said
    assert reasons.keys() == {*SKIPPED, "loop.png"}
    assert all(reason in reasons[name] for name, (_, reason) in SKIPPED.items()), reasons
    assert before.items() <= contents(here).items()
