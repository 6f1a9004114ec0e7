"""Datasets that lie elsewhere are fetched once, and then are as those of this machine."""

import hashlib
from pathlib import Path

from explorer.core.errors import KnownError
from explorer.core.files import inside, parse_json, sha256, write_bytes
from explorer.core.lock import locked
from explorer.core.progress import Progress
from training.data.card import CARD, TABLE, DatasetCard
from training.remote.files import Remote, kept_here


def dataset_here(dataset: Path, progress: Progress = Progress()) -> Path:
    """The folder of a dataset on this machine: itself, or where it was fetched to.

    Shards are fetched once, each checked by the hash on the dataset's card. Another dataset under
    the same address is another folder here.

    Raises:
        KnownError: the address can't be reached, holds no dataset, or a shard is damaged.
    """
    remote = Remote.of(dataset)
    if remote is None:
        return dataset
    content = (remote / CARD).read()
    if content is None:
        raise KnownError(
            f"{remote} is not a dataset (it has no {CARD}): copy there what `explorer-train "
            "prepare` made."
        )
    card = parse_json(content, DatasetCard, name=str(remote / CARD))
    folder = kept_here("datasets") / hashlib.sha256(content).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / "lock", what=f"The dataset {remote}"):
        for number, shard in enumerate(card.shards):
            progress.reach(number / len(card.shards))
            path = inside(folder, shard.file)
            if not path.exists():
                _fetch(remote / shard.file, path, shard.sha256)
        table = (remote / TABLE).read()
        if table is not None:  # who made each picture, and what is known of it
            write_bytes(folder / TABLE, table)
        write_bytes(folder / CARD, content)  # last: a folder with a card is a dataset
    progress.reach(1.0)
    return folder


def _fetch(remote: Remote, path: Path, wanted: str) -> None:
    trial = path.with_name(f"{path.name}.unchecked")
    remote.fetch(trial)
    if sha256(trial) != wanted:
        trial.unlink()
        raise KnownError(
            f"{remote} is not the file that its dataset's card describes: copy the whole dataset "
            "there again."
        )
    trial.replace(path)
