"""A picture the artist kept."""

from dataclasses import dataclass
from datetime import datetime

from explorer.gallery.recipe import Recipe, parse_recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Artwork:
    """One row of the gallery, as it was when it was read."""

    number: int  # grows with every save; newest first is largest first
    uuid: str
    title: str
    note: str
    tags: tuple[str, ...]
    rating: int  # 0 to 5
    series: str
    edition: str
    made_at: datetime  # UTC
    recipe_json: str
    model_id: str
    painting_hash: str
    width: int  # pixels
    height: int
    file: str  # below the gallery's folder, with forward slashes
    novelty_early: float | None = None  # percentile in [0, 100]: colour and texture
    novelty_late: float | None = None  # shape

    @property
    def recipe(self) -> Recipe:
        """Read anew each time: a page of sixty works is listed without parsing any.

        Raises:
            KnownError: the database holds a recipe that can't be used.
        """
        return parse_recipe(self.recipe_json, name=f"The recipe of “{self.title or self.uuid}”")


def picture_name(uuid: str) -> str:
    """Where the PNG lies below the gallery's folder."""
    return f"pictures/{uuid[:2]}/{uuid}.png"


def thumbnail_name(uuid: str) -> str:
    return f"thumbnails/{uuid[:2]}/{uuid}.jpg"
