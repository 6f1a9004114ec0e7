"""A studio without a screen, whose workers wait to be told."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest

from explorer.core.errors import KnownError
from explorer.gallery.artwork import Artwork
from explorer.gallery.store import Gallery
from explorer.latent.arithmetic import to_text
from explorer.models.library import Library
from explorer.studio.hands import Hands
from explorer.studio.session import PaintRequest, SessionState
from explorer.studio.settings import Settings
from explorer.studio.studio import Studio
from explorer.studio.workroom import Picture, Workroom

GOLDEN = Path(__file__).parents[1] / "golden"
MODEL = "golden-dcgan"


class Later(Executor):
    """Collects jobs and runs them when told, so that threads need no waiting."""

    def __init__(self) -> None:
        self.jobs: list[Callable[[], Any]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.jobs.append(lambda: fn(*args, **kwargs))
        return Future()

    def run_all(self) -> None:
        while self.jobs:
            self.jobs.pop(0)()


class Desk:
    """A studio, its idle workers, and all that it announced."""

    def __init__(self, gallery: Path, settings: Settings | None = None) -> None:
        self.hands = Hands(Later(), Later(), Later(), Later())
        self.workroom = Workroom(
            library=lambda: Library([GOLDEN]), gallery=lambda: Gallery.open(gallery)
        )
        self.studio = Studio(
            self.workroom,
            self.hands,
            lambda run: run(),
            settings=settings or Settings(upscalers="lanczos"),
            state=SessionState(model=MODEL),
        )
        self.painted: list[tuple[PaintRequest, Picture]] = []
        self.complaints: list[str] = []
        self.misread: list[KnownError] = []
        self.progress: list[float | None] = []
        self.kept: list[Artwork] = []
        self.studio.painted.connect(lambda q, p: self.painted.append((q, p)))
        self.studio.complained.connect(self.complaints.append)
        self.studio.misread.connect(self.misread.append)
        self.studio.progressed.connect(self.progress.append)
        self.studio.kept.connect(self.kept.append)

    @property
    def state(self) -> SessionState:
        return self.studio.state

    def keep(self, seed: int, title: str) -> None:
        """Show a seed, name it and save it, to the end."""
        self.studio.show_seed(seed)
        self.studio.name(title)
        self.studio.save()
        self.work()

    def work(self) -> None:
        """Let every worker finish."""
        hands = (self.hands.paint, self.hands.sketch, self.hands.upscale, self.hands.gallery)
        laters = [hand for hand in hands if isinstance(hand, Later)]
        while any(later.jobs for later in laters):
            for later in laters:
                later.run_all()


def shown(desk: Desk) -> str:
    """What is on the easel, as text."""
    assert desk.state.shown is not None
    return to_text(desk.state.shown)


def started(desk: Desk) -> Desk:
    desk.studio.start()
    desk.work()
    return desk


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("MASQUERADE_HOME", str(tmp_path / "home"))
    made = Desk(tmp_path / "gallery")
    yield made
    made.studio.close()
