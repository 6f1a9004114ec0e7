"""Weights go from one network to another by name and shape, and never lose their licence."""

import io
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from rich.console import Console
from typer.testing import CliRunner

from explorer.core.errors import KnownError
from explorer.models.bundle import Bundle, write_bundle
from training import networks
from training.bundles.export import export
from training.cli import app
from training.config import Settings
from training.folder import RunFolder, StartedFrom
from training.gan import Gan
from training.networks.named import named
from training.run import Pacing, train
from training.transfer import donors
from training.transfer.donors import PLAYERS, TRAINING, Donor, pack, read_donor
from training.transfer.start import give, lent

pytestmark = [
    pytest.mark.train,
    pytest.mark.filterwarnings("ignore:Even though the `tf.config:UserWarning"),  # see untraced
]

TINY = Settings(width=1 / 16, latent=8, batch=8)
STYLED = TINY.model_copy(
    update={"architecture": "stylegan2", "mapping_layers": 1, "batch": 4, "xla": False}
)
Z = np.random.RandomState(0).standard_normal((3, 8)).astype(np.float32)


def gan_of(
    settings: Settings, *, size: int = 32, channels: int = 3, classes: int = 0, **other: Any
) -> Gan:
    settings = settings.model_copy(update={"conditional": classes > 0, **other})
    return Gan(networks.plan(size, channels, classes, settings), settings)


def donor_of(gan: Gan, step: int = 7) -> Donor:
    """What a bundle of ``gan`` would give."""
    started = StartedFrom(kind="bundle", path="old", sha256="0" * 64)
    told, weights = donors._unpacked(pack(gan, step), "old: training.npz")
    return Donor(told=told, started=started, weights=weights)


def painted(gan: Gan, label: list[float] | None = None) -> Any:
    given = None if label is None else tf.constant([label] * len(Z))
    return gan.average(networks.with_label(tf.constant(Z), given), training=False).numpy()


@pytest.fixture(scope="module")
def dcgan() -> Gan:
    return gan_of(TINY, seed=1)


@pytest.fixture(scope="module")
def stylegan2() -> Gan:
    return gan_of(STYLED, seed=1)


@pytest.mark.parametrize("architecture", ["dcgan", "stylegan2"])
def test_every_weight_goes_over_and_paints_the_same(
    architecture: str, request: pytest.FixtureRequest
) -> None:
    old: Gan = request.getfixturevalue(architecture)
    new = gan_of(old.settings, seed=2)

    assert give(donor_of(old), new) == "Starting from old, after 7 steps."

    for player in PLAYERS:
        before, now = named(getattr(old, player)), named(getattr(new, player))
        assert len(now) == len(getattr(new, player).variables)
        for name, variable in now.items():
            np.testing.assert_array_equal(variable.numpy(), before[name].numpy())
    np.testing.assert_array_equal(painted(new), painted(old))


def test_a_stylegan2_grows_and_shrinks_and_says_what_begins_anew(stylegan2: Gan) -> None:
    larger = gan_of(STYLED, size=64, seed=2)
    fresh = {name: v.numpy() for name, v in named(larger.generator).items()}

    assert give(donor_of(stylegan2), larger).endswith("anew begin the layers of 64 px.")

    before, now = named(stylegan2.generator), named(larger.generator)
    for name, variable in now.items():
        expected = fresh[name] if ".b64." in name else before[name].numpy()
        np.testing.assert_array_equal(variable.numpy(), expected)
    top = larger.discriminator.blocks[1].first.kernel.numpy()
    np.testing.assert_array_equal(top, stylegan2.discriminator.blocks[0].first.kernel.numpy())

    smaller = gan_of(STYLED, seed=3)
    assert give(donor_of(larger), smaller).endswith("anew begin the layers of 32 px.")
    np.testing.assert_array_equal(painted(smaller), painted(stylegan2))


@pytest.mark.parametrize("architecture", ["dcgan", "stylegan2"])
def test_labels_say_nothing_at_first_and_can_be_forgotten(
    architecture: str, request: pytest.FixtureRequest
) -> None:
    old: Gan = request.getfixturevalue(architecture)
    labelled = gan_of(old.settings, classes=2, seed=2)

    assert "anew begin the embeddings of classes" in give(donor_of(old), labelled)

    for label in ([1.0, 0.0], [0.0, 1.0]):
        np.testing.assert_allclose(painted(labelled, label), painted(old), atol=1e-5)

    more = gan_of(old.settings, classes=3, seed=3)
    assert give(donor_of(labelled), more).endswith("anew begin the embeddings of classes.")
    np.testing.assert_allclose(painted(more, [0.0, 0.0, 1.0]), painted(old), atol=1e-5)

    without = gan_of(old.settings, seed=4)
    anew = "; anew begin the discriminator's last weights" if architecture == "stylegan2" else ""
    dropped = f"Starting from old, after 7 steps; what its labels added is dropped{anew}."
    assert give(donor_of(more), without) == dropped
    np.testing.assert_allclose(painted(without), painted(old), atol=1e-5)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"latent": 9}, "its latent is 8 and this run's 9; leave --latent out"),
        ({"width": 1 / 8}, "its width is 0.0625 and this run's 0.125"),
        ({"kernel": 4}, "leave --kernel out to begin with its"),
        ({"normalise_discriminator": False}, "leave --normalise-discriminator out"),
        ({"channels": 1}, "pictures are in colour and those of this run grey"),
        ({"size": 28}, "paints 32 px and this run 28"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(
    dcgan: Gan, other: dict[str, Any], words: str
) -> None:
    new = gan_of(TINY, **other)
    before = painted_variables(new)

    with pytest.raises(KnownError, match=words) as refusal:
        give(donor_of(dcgan), new)

    assert str(refusal.value).startswith("old can't be started from: ")
    np.testing.assert_array_equal(painted_variables(new), before)


def test_another_architecture_is_refused_by_name(dcgan: Gan, stylegan2: Gan) -> None:
    with pytest.raises(KnownError, match="its architecture is dcgan and this run's stylegan2"):
        give(donor_of(dcgan), stylegan2)


def painted_variables(gan: Gan) -> Any:
    return np.concatenate([v.numpy().ravel() for v in gan.generator.variables])


def rewritten(gan: Gan, change: Callable[[dict[str, Any]], None], **told: Any) -> bytes:
    """A ``training.npz`` that somebody tampered with."""
    with np.load(io.BytesIO(pack(gan, 7)), allow_pickle=False) as arrays:
        content = dict(arrays)
    said = json.loads(content["told"].tobytes()) | told
    content["told"] = np.frombuffer(json.dumps(said).encode(), "u1")
    change(content)
    file = io.BytesIO()
    np.savez(file, **content)
    return file.getvalue()


def test_a_strangers_training_is_refused_in_a_sentence(dcgan: Gan) -> None:
    weight = "generator/dense.kernel"

    def swapped(array: Any) -> Callable[[dict[str, Any]], None]:
        return lambda content: content.update({weight: array})

    hostile = {
        "no weight": rewritten(dcgan, swapped(np.full((8, 1024), np.nan, np.float32))),
        "which is no weight": rewritten(dcgan, swapped(np.zeros((8, 1024)))),
        "no arrays": rewritten(dcgan, swapped(np.array([print], dtype=object))),
        "'elsewhere": rewritten(dcgan, lambda c: c.update({"elsewhere/x": np.zeros(1, "f4")})),
        "doesn't say": rewritten(dcgan, lambda c: c.pop("told")),
        "format": rewritten(dcgan, lambda _: None, format=2),
        "settings.latent": rewritten(dcgan, lambda _: None, settings={"latent": 10**9}),
        "is damaged": pack(dcgan, 7)[:1000],
        "claims to hold more": bomb(),
    }
    for words, content in hostile.items():
        with pytest.raises(KnownError, match=f"^old.*{words}"):
            donors._unpacked(content, "old")

    for words, change in {
        "lacks the generator's dense.kernel": lambda c: c.pop(weight),
        "has another shape of the generator's dense.kernel": swapped(np.zeros((8, 7), "f4")),
    }.items():
        told, weights = donors._unpacked(rewritten(dcgan, change), "old")
        started = StartedFrom(kind="bundle", path="old", sha256="0" * 64)
        with pytest.raises(KnownError, match=words):
            give(Donor(told, started, weights), gan_of(TINY))


def bomb() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("generator/dense.kernel.npy", bytes(32 << 20))
    return content.getvalue()


@contextmanager
def untraced() -> Iterator[None]:
    """Compute steps as they come: tracing one takes longer than running two."""
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)


@pytest.mark.parametrize("architecture", ["dcgan", "stylegan2"])
def test_frozen_layers_rest_and_everything_else_learns(architecture: str) -> None:
    settings = TINY if architecture == "dcgan" else STYLED
    gan = gan_of(settings, freeze_discriminator=2, penalty="none", path_length=0.0)
    size = gan.plan.size
    frozen = {"down0.", "down1."} if architecture == "dcgan" else {"b32.", "b32.from_rgb."}
    before = {p: {n: v.numpy() for n, v in named(getattr(gan, p)).items()} for p in PLAYERS}
    real = tf.random.stateless_uniform((1, settings.batch, size, size, 3), (1, 1), -1, 1)

    with untraced():
        for _ in range(2):
            gan.train(real)

    for player in ("generator", "discriminator"):
        for name, variable in named(getattr(gan, player)).items():
            same = np.array_equal(variable.numpy(), before[player][name])
            rests = player == "discriminator" and name.startswith(tuple(frozen))
            assert same == (rests or name.endswith(".noise")), f"{player} {name}"


def trained(dataset: Path, out: Path, **told: Any) -> RunFolder:
    """Train in a new folder or an old one."""
    told = {"settings": TINY, **told}
    with untraced():
        train(dataset, out, Pacing(steps=told.pop("steps", 2), score_every=None), **told)
    return RunFolder(out)


def grid(folder: RunFolder, step: int) -> Any:
    with Image.open(folder.grids / f"{step:08d}.png", formats=["PNG"]) as picture:
        return np.asarray(picture).astype(int)


@pytest.fixture(scope="module")
def old_run(grey_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return trained(grey_dataset, tmp_path_factory.mktemp("old") / "run")


@pytest.mark.parametrize("packed", [None, "folder", "zip"])
def test_a_started_run_first_paints_what_the_old_one_painted_last(
    packed: str | None, old_run: RunFolder, grey_dataset: Path, tmp_path: Path
) -> None:
    source = old_run.path
    if packed:
        source = tmp_path / "discs-28-r1"
        export(old_run.path, tmp_path, id=source.name, title="Discs", keep_training=True)
    if packed == "zip":
        source = Path(shutil.make_archive(str(source), "zip", source))
    heard = Console(file=io.StringIO(), width=500)

    new = trained(grey_dataset, tmp_path / "new", start_from=source, steps=1, console=heard)

    assert f"Starting from {source}, after 2 steps." in heard.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
    assert np.abs(grid(new, 0) - grid(old_run, 2)).max() <= 1
    began = new.card().started_from
    assert began is not None
    assert began.kind == ("bundle" if packed else "run")
    assert len(began.sha256) == 64


def test_keeping_the_training_changes_no_painting_hash(old_run: RunFolder, tmp_path: Path) -> None:
    card = export(old_run.path, tmp_path, id="discs-28-r1", title="D", keep_training=True)
    kept = Bundle.read(tmp_path / "discs-28-r1")
    files = {name: kept.content(name) for name in card.files if name != TRAINING}
    write_bundle(tmp_path / "plain", card, files)
    plain = Bundle.read(tmp_path / "plain")

    assert len(files) == len(card.files) - 1
    assert kept.painting_hash == plain.painting_hash
    with pytest.raises(KnownError, match=r"came without what training needs: .*--keep-training"):
        read_donor(plain.path)


def test_the_best_checkpoint_is_what_is_started_from(old_run: RunFolder, tmp_path: Path) -> None:
    folder = RunFolder(shutil.copytree(old_run.path, tmp_path / "run"))
    best = tf.train.Checkpoint(
        **{p: getattr(gan_of(TINY, size=28, channels=1), p) for p in PLAYERS}
    )
    tf.train.CheckpointManager(best, str(folder.best), max_to_keep=1).save(checkpoint_number=1)

    donor = read_donor(folder.path)

    assert donor.told.step == 1
    weight = donor.weights["generator"]["dense.kernel"]
    np.testing.assert_array_equal(weight, best.generator.get_layer("dense").kernel.numpy())


def test_a_run_stopped_before_its_first_save_starts_from_the_same_again(
    old_run: RunFolder, grey_dataset: Path, tmp_path: Path
) -> None:
    old = shutil.copytree(old_run.path, tmp_path / "old")
    new = trained(grey_dataset, tmp_path / "new", start_from=old, steps=1)
    first = grid(new, 0)
    for path in (*new.checkpoints.iterdir(), *new.grids.iterdir()):
        path.unlink()

    trained(grey_dataset, new.path, steps=1)

    np.testing.assert_array_equal(grid(new, 0), first)
    shutil.rmtree(old)
    trained(grey_dataset, new.path, steps=2)  # by now it needs nobody else


def test_a_run_goes_on_only_from_what_it_started_from(
    old_run: RunFolder, grey_dataset: Path, tmp_path: Path
) -> None:
    moved = shutil.copytree(old_run.path, tmp_path / "moved")
    new = trained(grey_dataset, tmp_path / "new", start_from=old_run.path, steps=1)

    trained(grey_dataset, new.path, start_from=old_run.path, steps=2)
    trained(grey_dataset, new.path, start_from=moved, steps=3)

    assert new.state().step == 3
    with pytest.raises(KnownError, match="holds other weights: leave --start-from out"):
        trained(grey_dataset, new.path, start_from=new.path, steps=4)
    with pytest.raises(KnownError, match="began with chance and not with"):
        trained(grey_dataset, moved, start_from=new.path, steps=4)


def test_a_refused_start_begins_no_run(
    old_run: RunFolder, grey_dataset: Path, tmp_path: Path
) -> None:
    wider = TINY.model_copy(update={"width": 1 / 8})
    (tmp_path / "folder").mkdir()
    (tmp_path / "file.txt").write_text("no model")
    with pytest.raises(KnownError, match=r"its width is 0\.0625 and this run's 0\.125"):
        trained(grey_dataset, tmp_path / "new", settings=wider, start_from=old_run.path)
    for nothing in ("nothing", "folder", "file.txt"):
        with pytest.raises(KnownError, match=rf"{nothing} is nothing to start from: .* run.*\.pkl"):
            trained(grey_dataset, tmp_path / "new", start_from=tmp_path / nothing)

    assert not (tmp_path / "new").exists()


def test_a_run_that_saves_while_it_is_read_is_read_again(
    old_run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = RunFolder(shutil.copytree(old_run.path, tmp_path / "run"))
    before = donors._is_read

    def rotated(players: Any, path: Path) -> bool:
        if path.name == "ckpt-2":  # by now its run has saved twice more
            for file in [*folder.checkpoints.glob("ckpt-2.*")]:
                file.rename(file.with_name(file.name.replace("ckpt-2", "ckpt-4")))
        return before(players, path)

    monkeypatch.setattr(donors, "_is_read", rotated)
    assert read_donor(folder.path).told.step == 4
    monkeypatch.undo()

    for file in folder.checkpoints.glob("ckpt-4.data*"):
        file.write_bytes(b"torn")
    with pytest.raises(KnownError, match="try again if it is being trained just now, or start"):
        read_donor(folder.path)


def test_the_command_takes_over_the_settings_of_what_it_starts_from(
    old_run: RunFolder, grey_dataset: Path, tmp_path: Path
) -> None:
    words = ["run", grey_dataset, "--out", tmp_path / "new", "--start-from", old_run.path]
    words += ["--freeze-discriminator", 1, "--seed", 3, "--steps", 1]

    result = CliRunner().invoke(app, [str(word) for word in words])

    assert result.exit_code == 0, result.output
    told = RunFolder(tmp_path / "new").card().settings
    assert told == TINY.model_copy(update={"freeze_discriminator": 1, "seed": 3})
    assert lent(old_run.path, preset=True).keys().isdisjoint({"loss", "batch", "seed"})


def test_an_estimate_tries_the_settings_of_what_is_started_from(
    old_run: RunFolder, grey_dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Settings] = []

    def probe(pictures: Path, settings: Settings, *rest: object, **more: object) -> None:
        tried.append(settings)
        raise KnownError("That is enough.")

    monkeypatch.setattr("training.estimating.probe.probe", probe)
    words = ["estimate", grey_dataset, "--start-from", old_run.path, "--batch", 4]
    CliRunner().invoke(app, [str(word) for word in words])

    assert tried == [TINY.model_copy(update={"batch": 4})]


def test_licences_and_credits_are_never_lost(
    old_run: RunFolder, grey_dataset: Path, tmp_path: Path
) -> None:
    bundle = tmp_path / "theirs-28-r1"
    own = {"licence": "Theirs-NC", "credits": ("Ada Example",)}
    export(old_run.path, tmp_path, id=bundle.name, title="D", keep_training=True, **own)  # type: ignore[arg-type]  # named above
    second = trained(grey_dataset, tmp_path / "second", start_from=bundle, steps=1)
    third = trained(grey_dataset, tmp_path / "third", start_from=second.path, steps=1)

    card = export(third.path, tmp_path, id="ours-28-r1", title="D")
    assert card.licence == "Theirs-NC; CC0-1.0"
    assert card.credits == ("Ada Example", "Nobody")
    card = export(third.path, tmp_path, id="ours-28-r2", title="D", licence="MIT", credits=())
    assert card.licence == "Theirs-NC; CC0-1.0; MIT"
    assert card.credits == ("Ada Example", "Nobody")
    with pytest.raises(KnownError, match="--licence can't stand on the model's card"):
        export(third.path, tmp_path, id="ours-28-r3", title="D", licence="x" * 490)
