import errno
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explorer.core.errors import KnownError
from explorer.core.files import BESIDE
from explorer.core.lock import locked
from explorer.core.progress import Cancelled, Progress
from explorer.gallery.pictures import read_picture
from explorer.models.generator import Generator
from explorer.models.library import Library
from explorer.render.batch import export
from explorer.render.manifest import Line, Manifest
from explorer.render.order import Plan, Wishes, plan_recipes, plan_seeds
from explorer.render.repaint import verify
from explorer.upscale.stages import Stage
from explorer.upscale.upscaler import Upscalers

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def plan(exports: ModuleType) -> Plan:
    """Two batches; the first three pictures are upscaled, and finished one by one."""
    made: Plan = exports.plan()
    return made


@pytest.fixture(scope="module")
def whole(
    plan: Plan, upscalers: Upscalers, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    """What the export leaves when nobody interrupts it."""
    out = tmp_path_factory.mktemp("whole") / "out"
    assert export(plan, out, upscalers) == 66
    return content(out)


@pytest.fixture
def done(whole: dict[str, bytes], tmp_path: Path) -> Path:
    """A finished export, to spoil."""
    out = tmp_path / "done"
    out.mkdir()
    for name, there in whole.items():
        (out / name).write_bytes(there)
    return out


def content(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir() if path.name != ".lock"}


def until(pictures: int, total: int) -> Progress:
    """Ask to stop once so many pictures were reported."""
    reached = 0.0

    def report(fraction: float) -> None:
        nonlocal reached
        reached = fraction * total

    return Progress(report, lambda: reached >= pictures)


def test_an_export_is_pictures_a_manifest_and_a_page(
    whole: dict[str, bytes], plan: Plan, done: Path, library: Library, upscalers: Upscalers
) -> None:
    lines = [Line.model_validate_json(line) for line in whole["manifest.jsonl"].splitlines()]
    pictures = {name for name in whole if name.endswith(".png")}

    assert [line.file for line in lines] == [piece.file for piece in plan.pieces]
    assert pictures == {line.file for line in lines}
    assert whole.keys() - pictures == {"manifest.jsonl", "index.html", "export.json"}
    assert [(line.width, line.height) for line in lines[:4]] == [(32, 32)] * 3 + [(8, 8)]
    assert lines[0].file == "000000-moon-child.png"
    assert "Ash &amp; &lt;Ember&gt;" in whole["index.html"].decode()
    for line in lines:
        assert line.bytes == len(whole[line.file])
    pixels, recipe, caption = read_picture(done / lines[0].file)
    assert pixels.shape == (32, 32, 3)
    assert recipe == lines[0].recipe
    assert (caption.title, caption.creator, caption.rights) == ("Moon Child", "Ada", "CC0")
    for line in (lines[0], lines[3], lines[-1]):
        assert verify(done / line.file, library, upscalers).ok


def test_an_export_that_is_whole_is_left_as_it_is(
    plan: Plan, done: Path, whole: dict[str, bytes], upscalers: Upscalers
) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in done.glob("*.png")}

    assert export(plan, done, upscalers) == 0

    assert content(done) == whole
    assert {path.name: path.stat().st_mtime_ns for path in done.glob("*.png")} == before


@pytest.mark.parametrize("pictures", [0, 1, 2, 3, 60, 64])
def test_stopped_and_taken_up_again_it_comes_to_the_same(
    pictures: int, plan: Plan, whole: dict[str, bytes], upscalers: Upscalers, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with pytest.raises(Cancelled):
        export(plan, out, upscalers, until(pictures, 66))
    kept = [name for name in content(out) if name.endswith(".png")]
    assert len(kept) >= pictures
    assert not list(out.glob(".beside-*"))

    assert export(plan, out, upscalers) == 66 - len(kept)

    assert content(out) == whole


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(share=st.floats(0, 1), rubbish=st.binary(max_size=40))
def test_a_manifest_torn_anywhere_is_mended(
    share: float,
    rubbish: bytes,
    plan: Plan,
    whole: dict[str, bytes],
    upscalers: Upscalers,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    out = tmp_path_factory.mktemp("torn")
    for name, there in whole.items():
        (out / name).write_bytes(there)
    lines = whole["manifest.jsonl"]
    (out / "manifest.jsonl").write_bytes(lines[: int(share * len(lines))] + rubbish)

    export(plan, out, upscalers)

    assert content(out) == whole


def test_pictures_that_went_missing_or_short_are_painted_again_and_no_others(
    plan: Plan, done: Path, whole: dict[str, bytes], upscalers: Upscalers
) -> None:
    (done / "000000-moon-child.png").unlink()
    (done / "000005.png").write_bytes(b"short")
    (done / "001000.png").unlink()
    (done / "index.html").unlink()
    untouched = (done / "000006.png").stat().st_mtime_ns

    assert export(plan, done, upscalers) == 3

    assert content(done) == whole
    assert (done / "000006.png").stat().st_mtime_ns == untouched


def test_a_page_is_written_only_when_all_pictures_are_there(
    plan: Plan, upscalers: Upscalers, tmp_path: Path
) -> None:
    with pytest.raises(Cancelled):
        export(plan, tmp_path / "out", upscalers, until(2, 66))

    assert not (tmp_path / "out" / "index.html").exists()


def test_a_manifest_is_a_list_of_recipes_to_export_again(
    done: Path, library: Library, upscalers: Upscalers, tmp_path: Path
) -> None:
    plan = plan_recipes(done / "manifest.jsonl", library, Wishes())

    export(plan, tmp_path / "again", upscalers)

    for file in ("000001-moon-child.png", "000004-seed-3.png"):
        assert verify(tmp_path / "again" / file, library, upscalers).ok
    assert len(list((tmp_path / "again").glob("*.png"))) == 66


@pytest.mark.parametrize(
    ("option", "wishes"),
    [("names", Wishes(titles=["Other"])), ("creator", Wishes(creator="Someone"))],
)
def test_another_order_in_the_same_folder_is_refused_by_name(
    option: str, wishes: Wishes, dcgan: Generator, upscalers: Upscalers, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    export(plan_seeds(dcgan, [1], Wishes()), out, upscalers)
    before = content(out)

    with pytest.raises(KnownError, match=rf"{out} holds an export .*\({option}: none, now "):
        export(plan_seeds(dcgan, [1], wishes), out, upscalers)
    with pytest.raises(KnownError, match=r"\(seeds: 1, now 1-2\)"):
        export(plan_seeds(dcgan, [1, 2], Wishes()), out, upscalers)

    assert content(out) == before


def test_a_folder_with_other_files_is_left_alone(
    plan: Plan, upscalers: Upscalers, tmp_path: Path
) -> None:
    (tmp_path / "index.html").write_text("my homepage")
    (tmp_path / f"{BESIDE}another.png").write_text("being written")

    with pytest.raises(KnownError, match=r"holds other files \(index\.html\) and no export"):
        export(plan, tmp_path, upscalers)

    assert (tmp_path / "index.html").read_text() == "my homepage"
    assert not (tmp_path / ".lock").exists()
    assert (tmp_path / f"{BESIDE}another.png").read_text() == "being written"


def test_an_export_that_finished_nothing_claims_no_folder(
    dcgan: Generator, upscalers: Upscalers, tmp_path: Path
) -> None:
    missing = (Stage(id="gone", sha256="0" * 64, scale=4),)
    with pytest.raises(KnownError, match="gone"):
        export(plan_seeds(dcgan, [1], Wishes(upscale=missing)), tmp_path, upscalers)

    assert export(plan_seeds(dcgan, [1], Wishes()), tmp_path, upscalers) == 1


def test_an_export_that_finished_something_keeps_its_claim(
    plan: Plan, dcgan: Generator, upscalers: Upscalers, tmp_path: Path
) -> None:
    with pytest.raises(Cancelled):
        export(plan, tmp_path, upscalers, until(1, 66))

    with pytest.raises(KnownError, match="asked for otherwise"):
        export(plan_seeds(dcgan, [1], Wishes()), tmp_path, upscalers)


@pytest.mark.parametrize("spoiled", [b"", b"{}", b'{"format": 2, "asked": {}}', b"\xff"])
def test_an_order_that_can_not_be_read_gets_a_sentence(
    spoiled: bytes, plan: Plan, done: Path, upscalers: Upscalers
) -> None:
    (done / "export.json").write_bytes(spoiled)

    with pytest.raises(KnownError, match=r"export\.json can't be used"):
        export(plan, done, upscalers)


def test_a_second_process_in_the_same_folder_is_refused(
    plan: Plan, upscalers: Upscalers, tmp_path: Path
) -> None:
    hold = (
        "import sys; from pathlib import Path; from explorer.core.lock import locked\n"
        "with locked(Path(sys.argv[1]), what='it'): print('held', flush=True); sys.stdin.read()"
    )
    out = tmp_path / "out"
    out.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(out / ".lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=_environment(),
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"

        with pytest.raises(KnownError, match=r"The export in .* is in use by another process"):
            export(plan, out, upscalers)
        other.communicate()

    with locked(out / ".lock", what="it"):
        pass


def test_a_place_that_can_not_be_a_folder_gets_a_sentence(
    plan: Plan, upscalers: Upscalers, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()

    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(KnownError, match="choose another folder"):
            export(plan, out, upscalers)


_WITH_LITTLE_SPACE = """
import resource, sys
from pathlib import Path
import dying_exports
from explorer.core.errors import KnownError
from explorer.core.files import BESIDE

resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    dying_exports.run(Path(sys.argv[1]))
except KnownError as error:
    print(error)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows limits no file's length")
@pytest.mark.parametrize("size", [1000, 10_000])
def test_a_disk_that_takes_no_more_loses_nothing(
    size: int, plan: Plan, whole: dict[str, bytes], upscalers: Upscalers, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    limited = subprocess.run(
        [sys.executable, "-c", _WITH_LITTLE_SPACE, str(out), str(size)],
        capture_output=True,
        text=True,
        env=_environment(),
        check=True,
    )

    assert f"can't be written: {os.strerror(errno.EFBIG)}" in limited.stdout
    assert not list(out.glob(".beside-*"))
    export(plan, out, upscalers)
    assert content(out) == whole


def test_lines_of_files_that_were_not_asked_for_are_dropped(done: Path) -> None:
    manifest = Manifest(done, ["000003.png", "elsewhere.png"])

    assert len(manifest) == 1
    assert "000003.png" in manifest
    assert (done / "manifest.jsonl").read_bytes().count(b"\n") == 1


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="forks, and kills as only POSIX does")
def test_killed_a_hundred_times_it_comes_to_the_same(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, str(HERE / "dying_exports.py"), str(tmp_path), "100"],
        capture_output=True,
        text=True,
        env=_environment(),
        check=False,
    )

    assert run.returncode == 0, run.stderr
    assert "100 killed" in run.stdout


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (HERE.parents[1], HERE)))}
