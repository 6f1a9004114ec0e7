"""A run on disk: what it was told, how far it came, and what it looked like on the way."""

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from explorer import __version__
from explorer.core.errors import KnownError
from explorer.core.files import BESIDE, read_json, write_bytes, written_whole
from explorer.core.npz import read_npz
from training.config import Settings
from training.data.card import DatasetCard

GRID = 64
"""Pictures in a grid: 8 × 8."""

_PACKAGES = ("tensorflow", "tensorflow-cpu", "tensorflow-tpu", "keras", "numpy")


class LearnedFrom(BaseModel):
    """What a run keeps of its dataset's card: enough to export without the pictures."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    content_sha256: str
    count: int
    height: int  # pixels
    width: int
    channels: int
    licence: str
    credits: tuple[str, ...]
    classes: tuple[str, ...] = ()

    @classmethod
    def of(cls, card: DatasetCard) -> "LearnedFrom":
        kept = card.model_dump(include=set(cls.model_fields) - {"classes"})
        return cls(**kept, classes=tuple(one.name for one in card.classes))


class StartedFrom(BaseModel):
    """Whose weights a run began with, and what that obliges a model of it to say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["run", "bundle", "pickle"]
    path: str  # as it was then
    sha256: str  # of the file that held the weights
    licences: tuple[str, ...] = ()
    credits: tuple[str, ...] = ()


class RunCard(BaseModel):
    """``run.json``: what the run was told. Written once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    settings: Settings
    dataset: LearnedFrom
    versions: dict[str, str]
    software: str
    started_from: StartedFrom | None = None


class State(BaseModel):
    """``state.json``: how far the run came."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: int = 0
    images_seen: int = 0
    seconds: float = 0.0
    ada_p: float | None = None
    best_score: float | None = None


class RunFolder:
    """The files of one run, by the names the contract gives them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.card_file = path / "run.json"
        self.state_file = path / "state.json"
        self.latents_file = path / "latents.npz"
        self.checkpoints = path / "checkpoints"
        self.grids = path / "grids"
        self.tensorboard = path / "tensorboard"
        self.best = path / "best"  # the checkpoint with the best score
        self.scalars_file = path / "scalars.jsonl"
        self.notes_file = path / "notes.jsonl"
        self.features_file = path / "features.npz"  # of the dataset, for scores
        self.log_file = path / "log.txt"
        self.lock_file = path / "lock"

    def exists(self) -> bool:
        return self.card_file.exists()

    def begin(
        self,
        settings: Settings,
        dataset: DatasetCard,
        classes: int,
        started_from: StartedFrom | None = None,
    ) -> None:
        """Make the folder of a new run, which knows so many ``classes``.

        Raises:
            KnownError: the folder holds something else, or can't be written.
        """
        self.check_free()
        self.checkpoints.mkdir(parents=True, exist_ok=True)
        self.grids.mkdir(exist_ok=True)
        rng = np.random.RandomState(settings.seed)
        z = rng.standard_normal((GRID, settings.latent)).astype(np.float32)
        with written_whole(self.latents_file) as beside, beside.open("wb") as file:
            np.savez(file, z=z, labels=_labels(classes))
        card = RunCard(
            settings=settings,
            dataset=LearnedFrom.of(dataset),
            versions=_versions(),
            software=f"masquerade {__version__}",
            started_from=started_from,
        )
        # Last: a folder with a card is a run.
        write_bytes(self.card_file, card.model_dump_json(indent=1).encode())

    def check_free(self) -> None:
        """Raise KnownError where a new run would lie among other files."""
        if self.path.exists() and any(map(self._is_strange, self.path.rglob("*"))):
            raise KnownError(
                f"{self.path} holds other files and no run: choose an empty or new folder."
            )

    def _is_strange(self, path: Path) -> bool:
        """Whether this is nothing that a process left which was killed while it began the run."""
        if path in (self.checkpoints, self.grids) and path.is_dir():
            return False
        known = path in (self.lock_file, self.latents_file)
        return not known and not path.name.startswith(BESIDE)

    def card(self) -> RunCard:
        """Read ``run.json``; KnownError where this is no run."""
        if not self.exists():
            raise KnownError(f"{self.path} is no run: it has no run.json.")
        return read_json(self.card_file, RunCard)

    def state(self) -> State:
        return read_json(self.state_file, State) if self.state_file.exists() else State()

    def write_state(self, state: State) -> None:
        write_bytes(self.state_file, state.model_dump_json(indent=1).encode())

    def grid_latents(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """What the grid is painted from: the same from the first step to the last.

        Returns:
            z float32 (64, latent), and labels float32 (64, classes), a class a row.
        """
        try:
            content = self.latents_file.read_bytes()
        except OSError as error:
            raise KnownError(f"{self.latents_file} can't be read: {error.strerror}.") from error
        arrays = read_npz(content, str(self.latents_file))
        z, labels = arrays.get("z"), arrays.get("labels")
        wanted = (GRID, self.card().settings.latent)
        if z is None or z.dtype != np.float32 or z.shape != wanted or not np.isfinite(z).all():
            raise KnownError(f"{self.latents_file} does not hold the z of this run's grid.")
        if labels is None or labels.dtype != np.float32 or len(labels) != GRID:
            raise KnownError(f"{self.latents_file} does not hold the labels of this run's grid.")
        return z, labels


def _labels(classes: int) -> NDArray[np.float32]:
    """One-hot float32 (64, classes): eight pictures of each class after the other."""
    rows = np.arange(GRID) // 8 % max(classes, 1)
    return np.eye(classes, dtype=np.float32)[rows] if classes else np.zeros((GRID, 0), np.float32)


def check_same(card: RunCard, settings: Settings, dataset: DatasetCard) -> None:
    """Refuse to continue a run as something it was not.

    Raises:
        KnownError: names the first setting, or the dataset, that differs.
    """
    if card.dataset.content_sha256 != dataset.content_sha256:
        raise KnownError(
            f"This run learned from the dataset {card.dataset.name!r}, whose pictures differ "
            f"from those of {dataset.name!r}: begin a new run with --out."
        )
    for name in Settings.model_fields:
        before, now = getattr(card.settings, name), getattr(settings, name)
        if before != now:
            raise KnownError(
                f"This run began with {name} = {before} and can't go on with {now}: "
                "leave the setting out, or begin a new run with --out."
            )


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
