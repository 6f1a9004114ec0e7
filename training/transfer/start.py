"""A run that begins with what another network learned: ``--start-from``."""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.core.errors import KnownError
from training.checkpoints import saved
from training.config import Settings
from training.folder import RunFolder
from training.gan import Gan
from training.networks.named import named
from training.remote.files import Remote
from training.transfer.donors import PLAYERS, Donor, Weights, read_donor

_SHAPES = {
    "dcgan": (
        "latent",
        "kernel",
        "width",
        "generator_filters",
        "normalise_discriminator",
        "discriminator_width",
        "discriminator_filters",
    ),
    "stylegan2": ("latent", "capacity", "width", "generator_filters", "mapping_layers", "noise"),
}
"""Settings that decide which weights there are."""

_OWN = ("seed", "conditional", "freeze_discriminator")  # settings that no run hands on
_FIRST = ("dense.kernel", "mapping.dense.0.kernel")  # of a generator: where labels join z


def lies_here(path: Path) -> Path:
    """``path``, or KnownError where it is an address of a bucket."""
    if remote := Remote.of(path):
        raise KnownError(f"--start-from {remote} lies elsewhere; copy it here first.")
    return path


def lent(path: Path, *, preset: bool) -> dict[str, Any]:
    """The settings that a run which starts from ``path`` takes over where nobody says otherwise.

    Args:
        preset: whether one was asked for; then only those come that the weights need.

    Raises:
        KnownError: nothing can be started from ``path``.
    """
    donor = read_donor(path)
    settings = donor.told.settings
    if preset or donor.started.kind == "pickle":
        return settings.model_dump(include={"architecture", *_SHAPES[settings.architecture]})
    return settings.model_dump(exclude={*_OWN})


def donor_of(folder: RunFolder, start_from: Path | None) -> Donor | None:
    """What the run has to begin with; None where it begins with chance, or goes on.

    Raises:
        KnownError: the run began from something else than ``start_from``, or that is gone.
    """
    if not folder.exists():
        return None if start_from is None else read_donor(start_from)
    began = folder.card().started_from
    if began is None:
        if start_from is None:
            return None
        raise KnownError(
            f"{folder.path} began with chance and not with {start_from}: leave --start-from out, "
            "or begin a new run with --out."
        )
    source = Path(began.path) if start_from is None else start_from.absolute()
    goes_on = bool(saved(folder.checkpoints))
    if goes_on and str(source) == began.path:
        return None
    donor = read_donor(source)
    if donor.started.sha256 != began.sha256:
        way_out = "leave --start-from out, or begin" if goes_on else "begin"
        raise KnownError(
            f"{folder.path} started from {began.path}, and {donor.name} holds other weights: "
            f"{way_out} a new run with --out."
        )
    return None if goes_on else donor


def give(donor: Donor, gan: Gan) -> str:
    """Let ``gan`` begin with the donor's weights: all, or those its sizes have a place for.

    Its optimisers, its step and what it follows over time stay as they are. A generator that
    begins to look at labels paints at first as if it saw none.

    Returns:
        A sentence about what came over and what begins anew.

    Raises:
        KnownError: the networks are of another architecture or width, or paint other pictures,
            or the donor lacks weights. Nothing is given then.
    """
    _check(donor, gan)
    anew: dict[str, None] = {}
    given: list[tuple[Any, NDArray[np.float32]]] = []
    for player in PLAYERS:
        theirs = donor.weights.get(player)
        if theirs is None:
            anew[f"the {player}"] = None
            continue
        for name, variable in named(getattr(gan, player)).items():
            if (what := _begins_anew(player, name, donor, gan)) is not None:
                anew[what] = None
            else:
                given.append((variable, _fitted(player, name, tuple(variable.shape), donor, gan)))
    for variable, array in given:
        variable.assign(array)
    said = f"Starting from {donor.name}"
    if donor.told.step:
        said += f", after {donor.told.step:,} steps"
    if donor.told.classes and not gan.plan.classes:
        said += "; what its labels added is dropped"
    if anew:
        *most, last = anew
        said += f"; anew begin {', '.join(most)} and {last}" if most else f"; anew begin {last}"
    return f"{said}."


def _check(donor: Donor, gan: Gan) -> None:
    told, plan = donor.told, gan.plan
    for what, theirs, ours, remedy in _unlike(told.settings, gan.settings):
        raise KnownError(
            f"{donor.name} can't be started from: its {what} is {theirs} and this run's {ours}; "
            f"{remedy}."
        )
    if told.channels != plan.channels:
        kinds = {1: "grey", 3: "in colour"}
        raise KnownError(
            f"{donor.name} can't be started from: its pictures are {kinds[told.channels]} and "
            f"those of this run {kinds[plan.channels]}; prepare them again to match."
        )
    if gan.settings.architecture == "dcgan" and told.size != plan.size:
        raise KnownError(
            f"{donor.name} can't be started from: it paints {told.size} px and this run "
            f"{plan.size}, and only a StyleGAN2 grows; prepare the pictures with --size "
            f"{told.size}."
        )


def _unlike(theirs: Settings, ours: Settings) -> Iterator[tuple[str, object, object, str]]:
    """Settings that differ and must not: name, both values, and the way out."""
    names = ("architecture", *_SHAPES[ours.architecture])
    for name in names:
        before, now = getattr(theirs, name), getattr(ours, name)
        if ours.architecture == "stylegan2" and before and now and name == "generator_filters":
            before, now = before[: len(now)], now[: len(before)]  # it may grow or shrink
        if before != now:
            yield name, before, now, f"leave --{name.replace('_', '-')} out to begin with its"


def _begins_anew(player: str, name: str, donor: Donor, gan: Gan) -> str | None:
    """What to call this weight's part of the network, if it can't be taken over."""
    before, now = donor.told, gan.plan
    side = re.search(r"\bb(\d+)\.", name)
    if side and (int(side[1]) > before.size or (".from_rgb." in name and before.size != now.size)):
        return f"the layers of {side[1]} px"
    if before.classes == now.classes:
        return None
    if name.startswith(("embedding.", "mapping.embed.")):
        return "the embeddings of classes"
    joins = player == "discriminator" and not (before.classes and now.classes)
    if joins and name.startswith(("judge.", "mapping.")):
        made = "what the discriminator makes of classes"
        return made if now.classes else "the discriminator's last weights"
    return None


def _fitted(
    player: str, name: str, shape: tuple[int, ...], donor: Donor, gan: Gan
) -> NDArray[np.float32]:
    """The donor's weight of this name, in this shape."""
    theirs: Weights = donor.weights[player]
    weight = theirs.get(name)
    before, now = donor.told.classes, gan.plan.classes
    joins = player != "discriminator" and bool(before) != bool(now) and name in _FIRST
    if joins and weight is not None and weight.ndim == 2 and len(weight) >= gan.plan.latent:
        weight = _joined(weight, shape, gan)
    if weight is None or weight.shape != shape:
        found = "lacks" if weight is None else "has another shape of"
        raise KnownError(
            f"{donor.name} can't be started from: it {found} the {player}'s {name}; get it again."
        )
    return weight


def _joined(weight: NDArray[np.float32], shape: tuple[int, ...], gan: Gan) -> NDArray[np.float32]:
    """A first layer's weights on z alone, with rows for the label that say nothing yet."""
    rows, latent = shape[0], gan.plan.latent
    # StyleGAN2 divides by the root of how many numbers come in.
    stylegan2 = gan.settings.architecture == "stylegan2"
    gain = math.sqrt(rows / len(weight)) if stylegan2 else 1.0
    fitted = np.zeros((rows, weight.shape[1]), np.float32)
    fitted[:latent] = weight[:latent] * np.float32(gain)
    return fitted
