"""Where a run's first weights come from: a run, a bundle that kept its training, or a pickle."""

import contextlib
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from explorer.core.errors import KnownError
from explorer.core.files import parse_json, sha256
from explorer.core.npz import read_npz
from explorer.models.bundle import CARD, Bundle
from training import networks
from training.checkpoints import saved
from training.config import Settings
from training.folder import RunCard, RunFolder, StartedFrom
from training.gan import Gan
from training.networks.named import named
from training.networks.stylegan2_sizes import CAPACITIES, Plan

Weights: TypeAlias = dict[str, NDArray[np.float32]]

TRAINING = "training.npz"
"""In a bundle: every player's weights as ``player/name``, and ``told``, what they were."""

PLAYERS = ("generator", "discriminator", "average")

_BETWEEN = "; "  # licences on a card
_TRIES = 5  # to read a run that is being trained


class Told(BaseModel):
    """What weights belong to: enough to make the networks again that had them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    settings: Settings
    size: int = Field(ge=1, le=4096)  # pixels a side
    channels: Literal[1, 3]
    classes: int = Field(ge=0, le=10_000)  # 0: the networks know of none
    step: int = Field(ge=0)  # that they learned for; 0 if nobody knows


@dataclass(frozen=True, slots=True)
class Donor:
    """Weights to begin with, all in memory.

    ``weights`` has those of each player by name; a pickle may lack those of the discriminator.
    """

    told: Told
    started: StartedFrom
    weights: dict[str, Weights]

    @property
    def name(self) -> str:
        """What a sentence calls it."""
        return self.started.path


def read_donor(path: Path) -> Donor:
    """Read the folder of a run, a bundle's folder or zip, or a ``.pkl`` of NVIDIA's.

    Of a run it is the checkpoint with the best score, or the newest where none was scored.

    Raises:
        KnownError: it is none of these, can't be read, or holds no weights to go on with.
    """
    path = path.absolute()
    if RunFolder(path).exists() and not (path / CARD).exists():
        return _of_run(path)
    if not (path / CARD).exists() and path.suffix.lower() not in (".pkl", ".zip"):
        raise KnownError(
            f"{path} is nothing to start from: that is the folder of a run, a model (its folder "
            "or zip), or a StyleGAN2 .pkl of NVIDIA's."
        )
    if path.suffix.lower() == ".pkl":
        return _of_pickle(path)
    return _of_bundle(path)


def pack(gan: Gan, step: int) -> bytes:
    """A bundle's ``training.npz``."""
    plan = gan.plan
    told = Told(
        settings=gan.settings,
        size=plan.size,
        channels=plan.channels,
        classes=plan.classes,
        step=step,
    )
    arrays: dict[str, NDArray[Any]] = {"told": np.frombuffer(told.model_dump_json().encode(), "u1")}
    for player in PLAYERS:
        for name, variable in named(getattr(gan, player)).items():
            arrays[f"{player}/{name}"] = variable.numpy().astype("<f4")
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    return content.getvalue()


def terms(
    card: RunCard, licence: str, credits: Iterable[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a model of this run stands under: first what the run started from, which stays said.

    Args:
        licence: of the run's own pictures, or what somebody chose for the model.

    Returns:
        Licences and credits, each once.
    """
    before = card.started_from
    licences = [*(before.licences if before else ()), *([licence] if licence else [])]
    thanked = [*(before.credits if before else ()), *credits]
    return tuple(dict.fromkeys(licences)), tuple(dict.fromkeys(thanked))


def together(licences: Iterable[str]) -> str:
    """Several licences as a card says them."""
    return _BETWEEN.join(licences)


def line(text: str) -> str:
    """What a dataset says of itself, as a card's line can hold it."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:500]


def _is_read(players: Mapping[str, Any], path: Path) -> bool:
    """Give ``players`` the weights of a save, unless a kill or a disk tore it."""
    try:
        status = tf.train.Checkpoint(**players).restore(str(path))
        status.assert_existing_objects_matched().expect_partial()
    except (AssertionError, IndexError, ValueError, OSError, tf.errors.OpError):
        return False
    return True


def _saves(folder: RunFolder) -> Sequence[Path]:
    """The best one first, or else the newest."""
    return (*saved(folder.best), *saved(folder.checkpoints))


def _read_save(folder: RunFolder, players: Mapping[str, Any]) -> tuple[Path, str]:
    """Give ``players`` the weights of the first save that can be read.

    A run that is being trained deletes old saves meanwhile, so that they are listed again.

    Returns:
        The save, and the SHA-256 of its file of weights.

    Raises:
        KnownError: none can be read.
    """
    before: Sequence[Path] = ()
    for _ in range(_TRIES):
        if (there := _saves(folder)) == before:
            break
        for path in there:
            with contextlib.suppress(OSError, StopIteration):
                if _is_read(players, path):
                    return path, sha256(next(path.parent.glob(f"{path.name}.data-*")))
        before = there
    raise KnownError(
        f"No checkpoint of {folder.path} can be read: try again if it is being trained just now, "
        "or start from another run."
    )


def _of_run(path: Path) -> Donor:
    folder = RunFolder(path)
    card = folder.card()
    learned, settings = card.dataset, card.settings
    if not _saves(folder):
        raise KnownError(f"{path} has no checkpoint yet; train it for some steps first.")
    plan = networks.plan(learned.width, learned.channels, len(learned.classes), settings)
    players = networks.architecture(settings)
    with tf.device("CPU:0"):
        found = {
            "generator": players.generator(plan, settings),
            "discriminator": players.discriminator(plan, settings),
            "average": players.generator(plan, settings),
        }
        taken, digest = _read_save(folder, found)
    licences, thanked = terms(card, line(learned.licence), map(line, learned.credits))
    return Donor(
        told=Told(
            settings=settings,
            size=plan.size,
            channels=plan.channels,
            classes=plan.classes,
            step=int(taken.name.rpartition("-")[2]),
        ),
        started=StartedFrom(
            kind="run", path=str(path), sha256=digest, licences=licences, credits=thanked
        ),
        weights={
            player: {name: variable.numpy() for name, variable in named(network).items()}
            for player, network in found.items()
        },
    )


def _of_bundle(path: Path) -> Donor:
    bundle = Bundle.read(path)
    card = bundle.card
    if TRAINING not in card.files:
        raise KnownError(
            f"{path} came without what training needs: export its run again with "
            "--keep-training, or start from the run itself."
        )
    told, weights = _unpacked(bundle.content(TRAINING), f"{path}: {TRAINING}")
    return Donor(
        told=told,
        started=StartedFrom(
            kind="bundle",
            path=str(path),
            sha256=card.files[TRAINING],
            licences=tuple(card.licence.split(_BETWEEN)) if card.licence else (),
            credits=card.credits,
        ),
        weights=weights,
    )


def _unpacked(content: bytes, name: str) -> tuple[Told, dict[str, Weights]]:
    """Read a ``training.npz``, which may come from a stranger."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(info.file_size for info in archive.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise KnownError(f"{name} holds no arrays, or is damaged; get it again.") from error
    if size > len(content):  # weights are stored as they are
        raise KnownError(f"{name} claims to hold more than it does; get it again.")
    arrays = read_npz(content, name)
    told = arrays.pop("told", None)
    if told is None or told.dtype != np.uint8 or told.ndim != 1:
        raise KnownError(f"{name} doesn't say what its weights are of; get it again.")
    weights: dict[str, Weights] = {player: {} for player in PLAYERS}
    for path, array in arrays.items():
        player, _, inner = path.partition("/")
        if player not in weights or array.dtype != np.float32 or not np.isfinite(array).all():
            raise KnownError(f"{name} holds {path[:80]!r}, which is no weight; get it again.")
        weights[player][inner] = array
    return parse_json(told.tobytes(), Told, name=name), weights


def _of_pickle(path: Path) -> Donor:
    from training.networks.stylegan2 import Discriminator, Generator
    from training.transfer import adopt  # which is not needed to begin from anything else
    from training.transfer.pickles import read_pickle

    pickled, name = read_pickle(path), str(path)
    plan = adopt.plan(pickled.sizes, name=name)
    settings = _settings_of(plan, name)
    with tf.device("CPU:0"):
        generator = Generator(plan, settings)
        faster = pickled.sizes.mapping_rate / generator.mapping.dense[0].rate
        adopt.fill_generator(generator, pickled)
        averaged = {at: variable.numpy() for at, variable in named(generator).items()}
        for at in averaged:
            if at.startswith("mapping.dense."):  # ours is trained at one rate only
                averaged[at] = averaged[at] * np.float32(faster)
        weights = {"generator": averaged, "average": averaged}
        critic = Discriminator(plan, settings)
        try:
            adopt.fill_discriminator(critic, pickled)
        except (KnownError, ValueError, IndexError):
            pass  # whoever begins with these weights is told
        else:
            critics = named(critic).items()
            weights["discriminator"] = {at: variable.numpy() for at, variable in critics}
    return Donor(
        told=Told(
            settings=settings,
            size=plan.size,
            channels=1 if plan.channels == 1 else 3,
            classes=plan.classes,
            step=0,
        ),
        started=StartedFrom(
            kind="pickle",
            path=name,
            sha256=sha256(path),
            licences=(adopt.LICENCES[pickled.generation],),
            credits=(adopt.CREDIT,),
        ),
        weights=weights,
    )


def _settings_of(plan: Plan, name: str) -> Settings:
    """Settings that make networks of these sizes: of a capacity where there is such a one."""
    told: dict[str, Any] = {
        "architecture": "stylegan2",
        "conditional": plan.classes > 0,
        "latent": plan.latent,
        "mapping_layers": plan.mapping_layers,
        "noise": plan.noise,
    }
    ways: list[dict[str, Any]] = [{"capacity": capacity} for capacity in CAPACITIES]
    for way in (*ways, {"generator_filters": plan.filters}):
        try:
            settings = Settings.model_validate(told | way)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise KnownError(
                f"{name} can't be started from: its {first['loc'][0]} is none that is trained "
                f"here ({first['msg']}); look for another."
            ) from error
        if networks.plan(plan.size, plan.channels, plan.classes, settings) == plan:
            return settings
    raise KnownError(
        f"{name} can't be started from: its w has {plan.w_dim} numbers and its widest layer "
        f"{max(plan.filters)} channels, which must be as many; look for another."
    )
