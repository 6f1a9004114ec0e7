"""From a run to a generator bundle."""

from pathlib import Path

from pydantic import ValidationError

from explorer.core.errors import KnownError
from explorer.core.progress import Progress
from explorer.models.card import Card, TrainedOn, Training
from training import networks
from training.bundles import bundle
from training.bundles.likeness import likeness
from training.evaluation.told import metrics
from training.folder import RunCard, RunFolder
from training.gan import Gan
from training.run import restore
from training.transfer.donors import TRAINING, line, pack, terms, together


def export(
    run: Path,
    out: Path,
    *,
    id: str,  # the field's word for it, on the card too
    title: str,
    description: str = "",
    licence: str | None = None,
    credits: tuple[str, ...] | None = None,
    keep_training: bool = False,
    ship: Path | None = None,
    progress: Progress = Progress(),
) -> Card:
    """Write the run's averaged generator as the bundle ``out / id``.

    Args:
        licence: of the model; that of its pictures if None. ``credits`` likewise. Those of what
            the run started from stand before them in any case.
        keep_training: add ``training.npz``, from which other runs can start.
        ship: the dataset that the run learned from, of whose pictures thumbnails, features and
            credits then stand in the bundle.
        progress: of looking at those pictures.

    Raises:
        KnownError: the run has no checkpoint, the bundle exists already, its card can't say
            what is asked for, the graph paints anything but what TensorFlow paints, or ``ship``
            holds other pictures.
        Cancelled: someone asked for it.
    """
    folder = RunFolder(run)
    run_card = folder.card()
    learned = run_card.dataset
    gan = _trained(folder, run_card)
    licences, thanked = terms(
        run_card,
        line(learned.licence) if licence is None else licence,
        map(line, learned.credits) if credits is None else credits,
    )
    told = bundle.sizes_of(gan.plan) | {
        "id": id,
        "title": title,
        "description": description,
        "licence": together(licences),
        "credits": thanked,
        "classes": tuple(map(line, learned.classes)) if gan.plan.classes else (),
        "training": _training(run_card, int(gan.step)),
        "metrics": metrics(run, int(gan.step)),
    }
    try:
        card = Card.model_validate(told)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise KnownError(
            f"--{first['loc'][0]} can't stand on the model's card: {first['msg']}; choose another."
        ) from error
    bundle.check_new(out / id)
    more = {TRAINING: pack(gan, int(gan.step))} if keep_training else {}
    if ship is not None:
        more |= likeness(ship, learned=learned.content_sha256, progress=progress)
    return bundle.write(gan.average, card, out / id, more=more)


def _trained(folder: RunFolder, card: RunCard) -> Gan:
    learned = card.dataset
    plan = networks.plan(learned.width, learned.channels, len(learned.classes), card.settings)
    gan = Gan(plan, card.settings)
    if not restore(gan, folder):
        raise KnownError(f"{folder.path} has no checkpoint yet; train it for some steps first.")
    return gan


def _training(card: RunCard, step: int) -> Training:
    settings = card.settings
    changes = ["flip"] if settings.flip else []
    changes += [f"brightness {settings.brightness:g}"] if settings.brightness else []
    changes += [settings.augment] if settings.augment != "none" else []
    learned = card.dataset
    return Training(
        dataset=TrainedOn(
            name=line(learned.name),
            content_sha256=learned.content_sha256,
            count=learned.count,
            licence=line(learned.licence),
        ),
        images_seen=step * settings.batch,
        loss=settings.loss,
        augmentation=", ".join(changes) or "none",
        settings={**settings.model_dump(mode="json"), "steps": step},
        versions=card.versions,
    )
