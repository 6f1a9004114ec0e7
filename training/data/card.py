"""What a dataset says about itself: `dataset.json`, format 1."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from explorer.core.errors import KnownError
from explorer.core.files import inside, read_json

CARD = "dataset.json"
TABLE = "pictures.csv"
MAX_TABLE = 256 << 20  # bytes of it
MAX_SIZE = 4096  # pixels a side

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Side = Annotated[int, Field(ge=1, le=MAX_SIZE)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ClassCount(_Frozen):
    """One class; its place in the card's list is its label."""

    name: str
    count: int = Field(ge=1)


class Shard(_Frozen):
    """One TFRecord file."""

    file: str
    records: int = Field(ge=1)
    sha256: Sha256


class SkippedFile(_Frozen):
    """A file that is not among the records, and why."""

    file: str
    reason: str


class Prepared(_Frozen):
    """How it was prepared: with these settings the same sources give the same pictures.

    Where the source was a dataset, they tell of the first time as well (``training.data.framing``).
    """

    sources: tuple[str, ...]  # what they were called; where they lay is nobody's business
    classes: Literal["auto", "folders", "sources", "none"]
    width: Side  # of a picture on its square
    height: Side
    background: str
    crop: Literal["centre", "interest"] | None
    tile: Side | None  # pixels of a picture that a tile covers
    tile_step: Side | None
    steps: tuple[str, ...]  # between upright and fitted, with their settings
    every_s: float | None  # of films
    scenes: bool
    rejected: int = Field(ge=0)  # pictures that the decisions left out


class Framing(_Frozen):
    """How pictures came to lie as they do: a part of the card, which stays with them."""

    width: Side  # of the square
    fit: Literal["crop", "pad", "stretch", "tiles"]
    padding: str | None
    align: str | None
    prepared: Prepared | None


class DatasetCard(_Frozen):
    """`dataset.json`.

    ``content_sha256`` runs over the records in order: label and index as little-endian
    int64, then the decoded pixels row by row. It is the same for the same pictures
    whichever zlib packed their PNGs; a shard's ``sha256`` is of its bytes.
    """

    format: Literal[1] = 1
    name: str
    count: int = Field(ge=1)
    height: Side
    width: Side
    channels: Literal[1, 3]
    classes: tuple[ClassCount, ...]
    content_sha256: Sha256
    shards: tuple[Shard, ...] = Field(min_length=1)
    fit: Literal["crop", "pad", "stretch", "tiles"]
    padding: str | None  # such as `64x48+0+8 on #ffffff`: where on its square a picture lies
    align: str | None
    licence: str
    credits: tuple[str, ...]
    decisions_sha256: Sha256 | None
    skipped: tuple[SkippedFile, ...]
    software: str
    prepared: Prepared | None = None  # None: by a version that did not tell

    @property
    def framing(self) -> Framing:
        return Framing(**{name: getattr(self, name) for name in Framing.model_fields})

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if sum(shard.records for shard in self.shards) != self.count:
            raise ValueError("the shards' records don't add up to count")
        if self.classes and sum(one.count for one in self.classes) != self.count:
            raise ValueError("the classes' counts don't add up to count")
        for what, names in (
            ("class", [one.name for one in self.classes]),
            ("shard", [shard.file for shard in self.shards]),
        ):
            if len(set(names)) != len(names):
                raise ValueError(f"a {what} is listed twice")
        return self


def check_table(path: Path) -> None:
    """See that a table is of a length that can be read.

    Raises:
        KnownError: it is not.
    """
    if path.is_file() and path.stat().st_size > MAX_TABLE:
        raise KnownError(f"{path} is larger than {MAX_TABLE >> 20} MB; prepare the dataset again.")


def read_dataset(folder: Path) -> DatasetCard:
    """Read the card of a prepared dataset and see that its shards are there.

    Raises:
        KnownError: the folder is no dataset, its card can't be used, or a shard is missing.
    """
    if not (folder / CARD).is_file():
        raise KnownError(
            f"{folder} is not a dataset (it has no {CARD}); make one with `explorer-train prepare`."
        )
    card = read_json(folder / CARD, DatasetCard)
    for shard in card.shards:
        if not inside(folder, shard.file).is_file():
            raise KnownError(f"{folder} lacks its shard {shard.file}; prepare the dataset again.")
    return card
