"""What a run hears about itself while it goes on: scores, a coach's notes, its best checkpoint."""

import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf
from rich.console import Console

from training.data.card import DatasetCard
from training.data.shards import as_os_error
from training.folder import RunFolder
from training.gan import Gan
from training.judging.coach import Coach, Note
from training.judging.score import PAINTED, Judge
from training.report import forget_after, to_bytes

log = logging.getLogger(__name__)

_AT_ONCE = 64  # pictures


class Judging:
    """Scores a run now and then, and says in plain words what the figures mean."""

    def __init__(
        self, folder: RunFolder, gan: Gan, dataset: Path, card: DatasetCard, console: Console
    ) -> None:
        self._folder, self._gan, self._dataset, self._console = folder, gan, dataset, console
        self._judge: Judge | None = None
        self._coach = Coach(gan.settings, card.count)
        self._best = tf.train.CheckpointManager(gan.checkpoint(), str(folder.best), max_to_keep=1)
        start = gan.reached
        forget_after(start, folder.notes_file)
        for step, values in _told(folder.scalars_file):
            if step <= start:
                self._coach.hear(step, values)

    @property
    def best_score(self) -> float | None:
        best = self._coach.best
        return None if best.step is None else best.kid

    def score(self) -> dict[str, float]:
        """Scalars of what the averaged generator paints from the same latents each time."""
        if self._judge is None:
            self._judge = Judge.of_dataset(self._dataset, self._folder.features_file)
        gan = self._gan
        z = np.random.RandomState(gan.settings.seed + 1).standard_normal((PAINTED, gan.plan.latent))
        label = tf.one_hot(tf.range(PAINTED) % max(gan.plan.classes, 1), gan.plan.classes)
        parts = [
            gan.paint(
                tf.constant(z[at : at + _AT_ONCE], tf.float32),
                label[at : at + _AT_ONCE] if gan.plan.classes else None,
            )
            for at in range(0, PAINTED, _AT_ONCE)
        ]
        return self._judge.score(to_bytes(np.concatenate(parts))).scalars()

    def hear(self, step: int, values: Mapping[str, float]) -> None:
        """Take in a report: keep the checkpoint if it is the best so far, and pass on notes."""
        notes = self._coach.hear(step, values)
        if "kid" in values and self._coach.best.step == step:
            with as_os_error():
                self._best.save(checkpoint_number=step)
        for note in notes:
            self._pass_on(note)

    def should_stop(self, patience: int | None) -> bool:
        """Whether so many scorings in a row were no better than the best one."""
        return patience is not None and self._coach.should_stop(patience)

    def _pass_on(self, note: Note) -> None:
        line = json.dumps({"step": note.step, "kind": note.kind, "text": note.text})
        with self._folder.notes_file.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        log.warning("step %d: %s", note.step, note.text)
        self._console.print(f"Step {note.step:,}: {note.text}", style="yellow", markup=False)


def _told(file: Path) -> Iterator[tuple[int, dict[str, float]]]:
    """The reports of a run so far; its writer has dropped torn lines before."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    for line in lines:
        values = json.loads(line)
        yield int(values["step"]), values
