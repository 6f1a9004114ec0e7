"""The picture in question: painted live, enlarged on demand, and remembered with its question."""

from concurrent.futures import Executor

from explorer.core.latest import LatestOnly
from explorer.core.progress import Cancelled, Progress
from explorer.studio.announcement import Announcement
from explorer.studio.in_view import Post
from explorer.studio.session import PaintRequest
from explorer.studio.workroom import Picture, Workroom

_RESULTS = 12  # upscaled pictures remembered, 3 MB each
_RUSH = 3  # pictures in a row


class Pace:
    """Tells whether a hand asks faster than the brush can follow.

    Not anew for every picture, which would make them flicker: a rush begins when questions had to
    be passed over several times in a row, and ends when the hand rests.
    """

    def __init__(self) -> None:
        self._behind = 0

    def is_rushed(self, newer: int) -> bool:
        """Whether to hurry with a picture during whose painting ``newer`` questions were asked."""
        if newer == 0:
            self._behind = 0
        elif newer > 1:
            self._behind += 1
        return self._behind >= _RUSH


class Easel:
    """Follows one question at a time. An upscaler whose question was dropped stops by itself.

    Announcements are made on the thread that ``post`` leads to.
    """

    def __init__(self, workroom: Workroom, paint: Executor, upscale: Executor, post: Post) -> None:
        self.painted: Announcement[[PaintRequest, Picture]] = Announcement()
        self.progressed: Announcement[[float | None]] = Announcement()
        self.enlarged: Announcement[[PaintRequest]] = Announcement()
        self.failed: Announcement[[PaintRequest, Exception]] = Announcement()
        self.question: PaintRequest | None = None
        self._workroom = workroom
        self._post = post
        self._results: list[tuple[PaintRequest, Picture]] = []
        self._promised: dict[PaintRequest, list[str]] = {}
        self._asked = 0
        self._pace = Pace()
        self._live = LatestOnly(
            self._paint, paint, answered=self._answered, failed=self._not_answered
        )
        self._large = LatestOnly(
            self._enlarge, upscale, answered=self._answered_large, failed=self._not_answered
        )

    def result(self, question: PaintRequest) -> Picture | None:
        """The upscaled picture that answers exactly this question, if it was made."""
        return next((picture for asked, picture in self._results if asked == question), None)

    def remember(self, question: PaintRequest, picture: Picture) -> None:
        """Keep what answers ``question``, and show it if that is what is asked."""
        others = [result for result in self._results if result[0] != question]
        self._results = [(question, picture), *others][:_RESULTS]
        if question == self.question:
            self.progressed(None)
            self.painted(question, picture)

    def promise(self, question: PaintRequest, title: str) -> None:
        """Go on with ``question`` even if nobody looks any more: it is to be saved as ``title``."""
        titles = self._promised.setdefault(question, [])
        if title not in titles:  # a second press of the same key
            titles.append(title)

    def redeem(self, question: PaintRequest) -> list[str]:
        """The titles under which ``question`` was to be saved, once."""
        return self._promised.pop(question, [])

    @property
    def has_promised(self) -> bool:
        return bool(self._promised)

    def redeem_all(self) -> dict[PaintRequest, list[str]]:
        promised, self._promised = self._promised, {}
        return promised

    def ask(self, question: PaintRequest | None) -> None:
        """Turn to ``question``; what was painted for it before is shown at once."""
        before, self.question = self.question, question
        if question is None or question == before or not question.look.model:
            return
        if before is None or before.plain != question.plain:
            self._asked += 1
            self._live.ask(question.plain)
        if question.upscale:
            ready = self.result(question)
            if ready is None:
                self.progressed(0.0)
                self._large.ask(question)
                return
            self.painted(question, ready)
        self.progressed(None)

    def _paint(self, question: PaintRequest) -> Picture:
        asked = self._asked
        fresh = self._workroom.brush(question)
        return self._workroom.frame(fresh, soft=not self._pace.is_rushed(self._asked - asked))

    def _enlarge(self, question: PaintRequest) -> Picture | None:
        def report(fraction: float) -> None:
            self._post(lambda: self._report(question, fraction))

        def is_cancelled() -> bool:
            return question != self.question and question not in self._promised

        progress = Progress(report, is_cancelled)
        try:
            progress.reach(0.0)
            return self.result(question) or self._workroom.paint(question, progress)
        except Cancelled:
            return None

    def _report(self, question: PaintRequest, fraction: float) -> None:
        if question == self.question and self.result(question) is None:
            self.progressed(fraction)

    def _answered(self, question: PaintRequest, picture: Picture) -> None:
        self._post(lambda: self._show(question, picture))

    def _show(self, question: PaintRequest, picture: Picture) -> None:
        if self.question is not None and question.look.model == self.question.look.model:
            self.painted(question, picture)

    def _answered_large(self, question: PaintRequest, picture: Picture | None) -> None:
        self._post(lambda: self._take(question, picture))

    def _take(self, question: PaintRequest, picture: Picture | None) -> None:
        if picture is not None:
            self.remember(question, picture)
            self.enlarged(question)
        self._keep_promises()

    def _keep_promises(self) -> None:
        """Go back to what was promised and then crowded out by newer questions."""
        now = self.question
        if now is not None and now.upscale and self.result(now) is None:
            return  # under way or next; what is promised comes after it
        promised = next(iter(self._promised), None)
        if promised is not None:
            self._large.ask(promised)

    def _not_answered(self, question: PaintRequest, error: Exception) -> None:
        self._post(lambda: self._give_up(question, error))

    def _give_up(self, question: PaintRequest, error: Exception) -> None:
        promised = bool(self.redeem(question))
        if question == self.question or not question.upscale or promised:
            self.progressed(None)
            self.failed(question, error)
        if question.upscale:
            self._keep_promises()
