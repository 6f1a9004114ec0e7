"""Who works behind the window."""

from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hands:
    """Who does the slow things. Four, so that a save never waits for an upscaler."""

    paint: Executor
    sketch: Executor
    upscale: Executor
    gallery: Executor

    @classmethod
    def threads(cls) -> "Hands":
        return cls(*(ThreadPoolExecutor(1, name) for name in ("paint", "sketch", "large", "keep")))

    def rest(self) -> None:
        """Finish what is begun, and every save that is only promised."""
        for hand in (self.paint, self.sketch, self.upscale):
            hand.shutdown(wait=True, cancel_futures=True)
        self.gallery.shutdown(wait=True)
