"""Where the app keeps a person's things. Naming a place never creates it."""

import os
from pathlib import Path

from platformdirs import user_data_path


def home() -> Path:
    """The root of everything of theirs: ``MASQUERADE_HOME`` if set, else the system's place."""
    chosen = os.environ.get("MASQUERADE_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    return user_data_path("masquerade", appauthor=False)


def gallery_folder() -> Path:
    return home() / "gallery"


def models_folder() -> Path:
    return home() / "models"


def settings_file() -> Path:
    return home() / "settings.json"


def log_file() -> Path:
    return home() / "masquerade.log"
