"""A bundle evaluated from its folder to its page, without TensorFlow; and what goes wrong."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper
from PIL import Image
from typer.testing import CliRunner

from explorer.core.errors import KnownError
from explorer.core.progress import Cancelled, Progress
from explorer.likeness.features import Extractor
from training.cli import app
from training.data.card import DatasetCard, read_dataset
from training.evaluation.evaluate import Amount, Look, evaluate
from training.evaluation.page import page, write
from training.evaluation.painted import classes_of
from training.evaluation.pictures import read_pictures, read_table
from training.evaluation.seen import Prepared
from training.evaluation.told import Evaluation
from training.evaluation.words import rows, verdict
from training.studies.subsets import Part, write_subset

GOLDEN = Path(__file__).parents[2] / "golden"
BUNDLE = GOLDEN / "dcgan-bundle"
FEW = Amount(painted=50, searched=60)

Pixels = NDArray[np.uint8]


def dataset(folder: Path, count: int, side: int = 8) -> Path:
    """Suns and moons of ``side`` px, from the golden ones, each a little otherwise; with factors."""
    card = read_dataset(GOLDEN / "dataset")
    places = np.arange(count) % card.count
    write_subset([Part(GOLDEN / "dataset", card, places)], folder, name="suns", side=side)
    table = folder / "pictures.csv"
    with table.open(newline="") as file:
        lines = list(csv.DictReader(file))
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, [*lines[0], "colour", "<b>hostile</b>"])
        writer.writeheader()
        for number, line in enumerate(lines):
            more = {
                "colour": ("red", "blue")[number % 2],
                "<b>hostile</b>": "<i>x</i>&"[: number % 9],
            }
            writer.writerow(line | more)
    return folder


@pytest.fixture(scope="module")
def suns(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return dataset(tmp_path_factory.mktemp("suns") / "dataset", 60)


@pytest.fixture(scope="module")
def look(suns: Path) -> Look:
    return evaluate(BUNDLE, suns, amount=FEW)


def test_a_bundle_is_evaluated_without_tensorflow(look: Look) -> None:
    told = look.told
    assert told.model.kind == "bundle"
    assert told.painted == 50
    assert told.compared.is_learned_from is False
    assert "learned from other pictures" in told.notes[0]
    for name, figure in told.figures.items():
        assert figure.low <= figure.value <= figure.high, name
        assert figure.real is not None
    assert told.figures["kid"].value > 0.1  # it paints noise
    assert told.memory is not None
    assert told.memory.searched == 60
    assert {each.name for each in told.factors} >= {"class", "colour"}


def test_the_same_evaluation_finds_the_same(look: Look, suns: Path) -> None:
    assert evaluate(BUNDLE, suns, amount=FEW).told == look.told


def test_what_is_written_is_read_back_and_the_page_needs_no_network(
    look: Look, tmp_path: Path
) -> None:
    out = write(look, tmp_path / "new")
    told = Evaluation.model_validate_json((tmp_path / "new" / "evaluation.json").read_bytes())
    assert told == look.told
    html = out.read_text()
    assert html == page(look)
    assert look.told.memory is not None
    for each in look.told.memory.nearest:
        assert f"@{each.seed}" in html
    assert "http" not in html.replace("http-equiv", "")
    assert "<script" not in html
    assert "<b>hostile" not in html
    assert "never called" not in html
    assert "FID" not in html


def test_no_figure_is_called_what_it_is_not(look: Look) -> None:
    titles = [row[0] for row in rows(look.told)]
    assert "Fréchet distance (EfficientNet-Lite0)" in titles
    assert not any("FID" in title for title in titles)
    assert verdict(look.told)[0][0] == "Do they look real?"


def test_held_out_pictures_are_what_the_figures_compare_with(suns: Path, tmp_path: Path) -> None:
    held = dataset(tmp_path / "held", 54)
    told = evaluate(BUNDLE, suns, held_out=held, amount=FEW).told
    assert told.compared.count == 54
    assert told.learned is not None
    assert told.learned.count == 60
    assert told.memory is not None
    assert told.memory.reference == "held-out"


def test_features_are_kept_and_a_torn_cache_is_made_again(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "d", 52)
    extractor = Extractor.open()
    places = np.arange(52)
    first = Prepared(folder, extractor).seen(places)
    (cache,) = (folder / "features").iterdir()
    whole = cache.read_bytes()
    for torn in (b"", b"PK no", whole[:1000], whole[:-7] + b"\0" * 7):
        cache.write_bytes(torn)
        again = Prepared(folder, extractor).seen(places)
        np.testing.assert_array_equal(again.features.late, first.features.late)
        assert cache.read_bytes() == whole
    cache.unlink()
    cache.parent.rmdir()
    cache.parent.write_text("in the way")  # where nothing can be kept, it is seen each time
    np.testing.assert_array_equal(
        Prepared(folder, extractor).seen(places).features.early, first.features.early
    )


def test_pictures_are_read_as_they_were_written(suns: Path) -> None:
    card = read_dataset(suns)
    golden = read_dataset(GOLDEN / "dataset")
    (theirs,) = read_pictures(GOLDEN / "dataset", golden, np.arange(6))
    (ours,) = read_pictures(suns, card, np.array([7, 0, 59]))
    assert np.array_equal(ours.pixels, theirs.pixels[[1, 0, 5]])
    assert np.array_equal(ours.labels, theirs.labels[[1, 0, 5]])
    assert set(read_table(suns, card).factors) >= {"colour", "<b>hostile</b>"}


def test_classes_are_painted_as_often_as_they_are_in_the_dataset() -> None:
    seeds = np.arange(1000)
    counts = np.bincount(classes_of(seeds, np.array([60, 30, 10])))
    assert counts.tolist() == pytest.approx([600, 300, 100], abs=8)
    assert np.array_equal(
        classes_of(seeds[500:], np.array([1, 2])), classes_of(seeds, np.array([1, 2]))[500:]
    )


def test_looking_can_be_stopped(suns: Path) -> None:
    with pytest.raises(Cancelled):
        evaluate(BUNDLE, suns, amount=FEW, progress=Progress(is_cancelled=lambda: True))


def test_without_the_pictures_it_learned_from_there_is_nothing_to_compare_with() -> None:
    with pytest.raises(KnownError, match="name their dataset with --dataset"):
        evaluate(BUNDLE, None)


@pytest.mark.parametrize(
    ("target", "best", "says"),
    [
        ("nowhere/at/all", False, "does not exist"),
        ("no-such-id", False, "There is no model 'no-such-id'"),
        (".", False, "neither a run nor a bundle"),
        ("bundle", True, "no run, so it has no best checkpoint"),
    ],
)
def test_what_cannot_paint_is_one_sentence(
    target: str, best: bool, says: str, suns: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(BUNDLE, tmp_path / "bundle")
    with pytest.raises(KnownError, match=says):
        evaluate(Path(target), suns, best=best, amount=FEW)


def test_pictures_that_do_not_suit_are_one_sentence(suns: Path, tmp_path: Path) -> None:
    with pytest.raises(KnownError, match="no figure means anything with fewer than 50"):
        evaluate(BUNDLE, dataset(tmp_path / "few", 49), amount=FEW)
    with pytest.raises(KnownError, match="pictures of 16×16 pixels and golden-dcgan paints 8×8"):
        evaluate(BUNDLE, dataset(tmp_path / "large", 50, side=16), amount=FEW)
    with pytest.raises(KnownError, match="is not a dataset"):
        evaluate(BUNDLE, tmp_path, amount=FEW)
    with pytest.raises(KnownError, match="fewer than 50"):
        evaluate(BUNDLE, suns, held_out=tmp_path / "few", amount=FEW)


def test_a_damaged_dataset_is_one_sentence(suns: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(suns, tmp_path / "d", ignore=shutil.ignore_patterns("features"))
    (shard,) = folder.glob("*.tfrecord")
    content = shard.read_bytes()
    shard.write_bytes(content.replace(b"IHDR", b"JUNK"))
    with pytest.raises(KnownError, match="damaged or not what its card says"):
        evaluate(BUNDLE, folder, amount=FEW)
    shard.write_bytes(content.replace(b"image", b"imagf"))
    with pytest.raises(KnownError, match="damaged or not what its card says"):
        evaluate(BUNDLE, folder, amount=FEW)
    shard.write_bytes(content)
    table = folder / "pictures.csv"
    lines = table.read_text().splitlines()
    for spoiled in ("\n".join(lines[:-1]), "\n".join([*lines[:-1], '"open']), "", "a\nb\n"):
        table.write_text(spoiled)
        with pytest.raises(KnownError, match=r"pictures\.csv"):
            evaluate(BUNDLE, folder, amount=FEW)


def test_a_record_of_another_size_than_its_card_is_found(suns: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(suns, tmp_path / "d", ignore=shutil.ignore_patterns("features"))
    told = json.loads((folder / "dataset.json").read_text()) | {"width": 9}
    card = DatasetCard.model_validate(told)
    with pytest.raises(KnownError, match="not what its card says"):
        list(read_pictures(folder, card, np.arange(3)))


def test_an_out_that_cannot_be_made_is_one_sentence(look: Look, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KnownError, match="choose another --out"):
        write(look, tmp_path / "file" / "out")


def network(
    path: Path, *, scale: float = 1.0, shape: tuple[str | int | None, ...] = ("n", 3, 16, 16)
) -> Path:
    """A graph that gives every pixel of a picture as a feature, times ``scale``."""
    nodes = [
        helper.make_node("Mul", ["pictures", "scale"], ["scaled"]),
        helper.make_node("Flatten", ["scaled"], ["features"]),
    ]
    graph = helper.make_graph(
        nodes,
        "given",
        [helper.make_tensor_value_info("pictures", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ("n", None))],
        [helper.make_tensor("scale", TensorProto.FLOAT, (), [scale])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, str(path))
    return path


def test_a_network_of_ones_own_is_asked_too(suns: Path, tmp_path: Path) -> None:
    told = evaluate(BUNDLE, suns, inception=network(tmp_path / "mine.onnx"), amount=FEW).told
    assert told.given is not None
    assert told.given.features == 3 * 16 * 16
    assert told.given.frechet.value > 0
    assert ("Fréchet distance (mine.onnx)") in [row[0] for row in rows(told)]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: path.write_bytes(b"no graph"), "no ONNX file"),
        (lambda path: network(path, shape=("n", 5)), "does not take float32 pictures"),
        (lambda path: network(path, scale=float("nan")), "not finite"),
        (lambda path: network(path, shape=("n", 3, 1, 1)), "gives no features"),
    ],
)
def test_a_network_that_is_none_is_refused(
    make: object, says: str, suns: Path, tmp_path: Path
) -> None:
    path = tmp_path / "given.onnx"
    make(path)  # type: ignore[operator]  # parametrised
    with pytest.raises(KnownError, match=says):
        evaluate(BUNDLE, suns, inception=path, amount=FEW)


def test_a_missing_network_is_one_sentence(suns: Path, tmp_path: Path) -> None:
    with pytest.raises(KnownError, match="does not exist"):
        evaluate(BUNDLE, suns, inception=tmp_path / "no.onnx", amount=FEW)


def test_the_command_prints_a_table_and_writes_json(
    suns: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = ["evaluate", str(BUNDLE), "--dataset", str(suns), "--pictures", "50"]
    told += ["--json", str(tmp_path / "figures.json")]
    done = CliRunner().invoke(app, told)
    assert done.exit_code == 0, done.output
    for word in ("Precision", "Recall", "Distinct", "Copied", "Does it copy?"):
        assert word in done.output
    figures = json.loads((tmp_path / "figures.json").read_text())["figures"]
    assert {"kid", "precision", "recall", "distinct"} <= figures.keys()
    assert len(list(tmp_path.glob("*-evaluation/evaluation.html"))) == 1
    assert CliRunner().invoke(app, ["evaluate", str(BUNDLE), "--pictures", "10"]).exit_code == 2


def test_the_page_opens_in_a_browser(look: Look, tmp_path: Path, tab: Any) -> None:
    tab.find_sound(write(look, tmp_path))


def test_pictures_on_the_page_are_those_behind_the_figures(look: Look) -> None:
    html = page(look)
    assert html.count("<img") >= 3 * 8
    assert "Best" in html
    assert "Most copied" in html
    assert Image.MIME["WEBP"] in html
