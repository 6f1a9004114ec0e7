"""The app without a screen: what a person wants goes in, pictures and sentences come out."""

from collections.abc import Callable
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING, TypeVar, get_args

from pydantic import ValidationError

from explorer.core.errors import KnownError
from explorer.core.history import History
from explorer.latent.arithmetic import Path as Way
from explorer.latent.expression import Expression, Seed
from explorer.studio import session
from explorer.studio.announcement import Announcement
from explorer.studio.easel import Easel
from explorer.studio.errands import Errands, sentence
from explorer.studio.hands import Hands
from explorer.studio.in_view import InView, Post
from explorer.studio.session import Look, PaintRequest, Pin, SessionState, one_hot
from explorer.studio.settings import Settings, Wall
from explorer.studio.soften import Pixels
from explorer.studio.workroom import Kept, Workroom

if TYPE_CHECKING:
    from explorer.gallery.artwork import Artwork
    from explorer.models.library import Entry

_UPSCALE = "Upscale"

T = TypeVar("T")


class Studio:
    """Everything a person can want of the app, and what there is to be seen of it.

    Intents return at once. Whatever changes the session is one step of the history; announcements
    are made on the thread that ``post`` leads to, which is the one that calls the intents.
    """

    def __init__(
        self,
        workroom: Workroom,
        hands: Hands,
        post: Post,
        *,
        settings: Settings | None = None,
        state: SessionState | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self.history = History(state or self.settings.session or SessionState(model=""))
        self.entries: list[Entry] = []

        self.changed: Announcement[[SessionState]] = Announcement()
        self.complained: Announcement[[str]] = Announcement()
        self.told: Announcement[[str]] = Announcement()
        self.settings_changed: Announcement[[Settings]] = Announcement()
        self.models_listed: Announcement[[]] = Announcement()
        self.kept: Announcement[[Artwork]] = Announcement()
        self.gallery_changed: Announcement[[]] = Announcement()
        self.misread: Announcement[[KnownError]] = Announcement()
        self.summoned: Announcement[[str]] = Announcement()

        self._workroom = workroom
        self._hands = hands
        self._errands = Errands(post, self.complain)
        self._changes = 0  # of the gallery, under way
        self._easel = Easel(workroom, hands.paint, hands.upscale, self._errands.post)
        self.painted = self._easel.painted
        self.progressed = self._easel.progressed
        self._easel.enlarged.connect(self._enlarged)
        self._easel.failed.connect(self._not_painted)
        self.sketches: InView[tuple[Look, Expression], Pixels | None] = InView(
            workroom.sketch, hands.sketch, self._errands.post, keep=2048
        )
        self.thumbnails: InView[str, bytes | None] = InView(
            workroom.thumbnails, hands.gallery, self._errands.post, keep=512
        )
        self.sketches.failed.connect(self.complain)
        self.thumbnails.failed.connect(self.complain)

    # What is there

    @property
    def state(self) -> SessionState:
        return self.history.state

    @property
    def look(self) -> Look:
        return session.look(self.state)

    @property
    def entry(self) -> "Entry | None":
        """The open model, once the library has been read."""
        return self._entry(self.state.model)

    @property
    def path(self) -> Way:
        """How the open model goes from one point to another."""
        return self._path(self.state.model)

    @property
    def usable(self) -> "list[Entry]":
        """The models that can be opened."""
        return [entry for entry in self.entries if entry.card and not entry.problem]

    @property
    def question(self) -> PaintRequest | None:
        """What the canvas should show by now."""
        return self._easel.question

    @property
    def has_upscaled(self) -> bool:
        return self.question is not None and self._easel.result(self.question) is not None

    @property
    def is_saving(self) -> bool:
        """Something was promised to the gallery and isn't there yet; `gallery_changed` tells."""
        return self._changes > 0 or self._easel.has_promised

    # Beginning and end

    def start(self) -> None:
        """Ask for the first picture; everything heavy is loaded behind it."""
        self._ask()
        self._errands.send(self._hands.paint, self._first_look, self._looked)

    def close(self) -> None:
        """Let go of everything; whatever was being saved is saved first."""
        self._easel.question = None
        for question, titles in self._easel.redeem_all().items():
            for title in titles:
                self._keep(question, title)
        self._errands.close()
        self.sketches.close()
        self.thumbnails.close()
        self._hands.rest()
        self._workroom.close()

    # Looking

    def show(self, expression: Expression, label: str = "Look", gesture: object = None) -> None:
        self._step(lambda s: session.showing(s, expression), label, gesture)

    def show_seed(self, seed: int, gesture: object = None) -> None:
        self.show(Seed(seed=seed), f"Seed {seed}", gesture)

    def show_random_seed(self) -> None:
        self.show_seed(SystemRandom().randrange(1_000_000))

    def type_expression(self, text: str) -> None:
        """Show what ``text`` says; `misread` is announced where it says nothing."""
        path = self.path
        said, at_hand = session.said(self.state), session.at_hand(self.state)

        def read(expression: Expression) -> None:
            self._step(lambda s: session.laid_out(s, expression, path), "Expression")

        def misread(error: Exception) -> None:
            if isinstance(error, KnownError):
                self.misread(error)
            else:
                self.complain(error)

        self._errands.send(
            self._hands.gallery,
            lambda: self._workroom.parse(text, path, said, at_hand),
            read,
            misread,
        )

    def choose_model(self, model: str) -> None:
        entry = self._entry(model)
        if entry is None or entry.card is None or model == self.state.model:
            return
        label, path = one_hot(len(entry.card.classes)), self._path(model)
        self._step(lambda s: session.moved_to_model(s, model, label, path), "Model")

    def truncate(self, psi: float, gesture: object = None) -> None:
        self._step(lambda s: session.repainted(s, psi=psi), "Truncation", gesture)

    def choose_class(self, index: int) -> None:
        entry = self.entry
        if entry is None or entry.card is None or not 0 <= index < len(entry.card.classes):
            return
        label = one_hot(len(entry.card.classes), index)
        self._step(lambda s: session.repainted(s, label=label), "Kind")

    # Two pins, three places

    def pin(self, pin: Pin, expression: Expression | None = None) -> None:
        """Pin ``expression``, or what is shown, as A or B."""
        chosen = expression or self.state.shown
        if chosen is not None:
            self._step(lambda s: session.pinned(s, pin, chosen), f"Pin {pin.upper()}")

    def unpin(self, pin: Pin) -> None:
        self._step(lambda s: session.pinned(s, pin, None), f"Unpin {pin.upper()}")

    def swap_pins(self) -> None:
        def swapped(s: SessionState) -> SessionState:
            return s.model_copy(update={"pin_a": s.pin_b, "pin_b": s.pin_a, "t": 1.0 - s.t})

        self._step(swapped, "Swap A and B")

    def travel(self, t: float, gesture: object = None) -> None:
        """Stand at ``t`` in [0, 1] between A and B."""
        path = self.path
        self._step(lambda s: session.travelled(s, t, path), "Move between A and B", gesture)

    def place(self, index: int, expression: Expression | None = None) -> None:
        """Put ``expression``, or what is shown, on drop place ``index`` of A − B + C."""
        chosen = expression or self.state.shown
        if chosen is not None:
            self._step(lambda s: session.placed(s, index, chosen), f"Place {'ABC'[index]}")

    def clear_place(self, index: int) -> None:
        self._step(lambda s: session.placed(s, index, None), f"Clear {'ABC'[index]}")

    def weigh(self, index: int, weight: float, gesture: object = None) -> None:
        self._step(lambda s: session.weighed(s, index, weight), "Weight", gesture)

    # Upscaling

    def upscale(self) -> None:
        """Enlarge what is shown with the upscalers of the settings; the result keeps its question."""
        if self.state.shown is not None:
            update = {"upscale": self.settings.upscalers, "stages": ()}
            self._step(lambda s: s.model_copy(update=update), _UPSCALE)

    def stop_upscaling(self) -> None:
        """Back to the picture as painted; work that is under way stops."""
        self._step(session.plain, "Plain picture")

    # Keeping

    def name(self, title: str, gesture: object = None) -> None:
        self._step(lambda s: s.model_copy(update={"title": title[:500]}), "Name", gesture)

    def suggest_title(self) -> None:
        """Put a name in the field that nobody has to keep."""

        def choose(names: list[str]) -> None:
            self.name(SystemRandom().choice([name for name in names if name != self.state.title]))

        self._errands.send(self._hands.gallery, self._workroom.names, choose)

    def save(self) -> None:
        """Keep what is shown under its name; an upscaled picture as soon as it is ready."""
        question, title = self.question, self.state.title.strip()
        if question is None:
            self.complained("There is no picture to keep yet; choose a seed first.")
        elif question.upscale and not self.has_upscaled:
            self._easel.promise(question, title)
            self.told("It will be saved as soon as it is enlarged")
        else:
            self._keep(question, title)

    def reopen(self, uuid: str) -> None:
        """Bring a kept picture back with the whole state it was made in."""
        self._errands.send(
            self._hands.gallery, lambda: self._workroom.take_down(uuid), self._bring_back
        )

    def open_file(self, path: Path) -> None:
        self._errands.send(self._hands.gallery, lambda: self._workroom.read(path), self._bring_back)

    def picture_file(self, artwork: "Artwork") -> Path:
        """Where a kept picture lies, for other programs to take a copy of."""
        return self._workroom.gallery.picture_path(artwork)

    def rename(self, uuid: str, title: str) -> None:
        self._in_gallery(lambda: self._workroom.gallery.rename(uuid, title))

    def delete(self, uuid: str, done: Callable[[], None] = lambda: None) -> None:
        """Move a work to the bin; ``done`` is called once it lies there."""
        self._in_gallery(lambda: self._workroom.gallery.delete(uuid), lambda _: done())

    def restore(self, uuid: str) -> None:
        self._in_gallery(lambda: self._workroom.gallery.restore(uuid))

    def search(
        self,
        text: str,
        after: "Artwork | None",
        found: Callable[[list["Artwork"], int], None],
        limit: int = 60,
        failed: Callable[[str], None] | None = None,
    ) -> None:
        """Ask for the next kept pictures that match, newest first, and how many are kept in all.

        ``failed`` is given the sentence where the gallery can't be read; without it, everybody is.
        """

        def look() -> tuple[list["Artwork"], int]:
            gallery = self._workroom.gallery
            return gallery.search(text, after=after, limit=limit), gallery.count()

        say = failed or self.complained
        self._errands.send(
            self._hands.gallery,
            look,
            lambda answer: found(*answer),
            lambda error: say(sentence(error)),
        )

    # The room itself

    def set(self, **what: object) -> None:
        """Change settings. They are not part of the session and can't be undone."""
        self.settings = self.settings.model_copy(update=what)
        self.settings_changed(self.settings)

    def next_wall(self) -> None:
        walls = get_args(Wall)
        self.set(wall=walls[(walls.index(self.settings.wall) + 1) % len(walls)])

    def undo(self) -> None:
        if self.history.undo() is not None:
            self._tell()

    def redo(self) -> None:
        if self.history.redo() is not None:
            self._tell()

    def complain(self, error: Exception) -> None:
        """Say what the world did in its own sentence; what we did wrong goes to the log."""
        self.complained(sentence(error))

    # From here on: how it is done

    def _entry(self, model: str) -> "Entry | None":
        its = (e for e in self.entries if e.card and e.card.id == model and not e.problem)
        return next(its, None)

    def _path(self, model: str) -> Way:
        """The arc where points lie on a sphere, as in z; the straight line in w."""
        entry = self._entry(model)
        in_w = entry is not None and entry.card is not None and entry.card.w_dim is not None
        return "lerp" if in_w else "slerp"

    def _step(
        self, change: Callable[[SessionState], SessionState], label: str, gesture: object = None
    ) -> None:
        try:
            after = change(self.state)
        except ValidationError:
            self.complained(
                "This picture's story has grown too long; save it, and bring it from the gallery "
                "to a pin or a place."
            )
            return
        if after != self.state:
            self.history.commit(after, label, gesture=gesture)
            self._tell()

    def _tell(self) -> None:
        self._ask()
        self.changed(self.state)

    def _ask(self) -> None:
        self._easel.ask(session.resolve(self.state))

    def _enlarged(self, question: PaintRequest) -> None:
        for title in self._easel.redeem(question):
            self._keep(question, title)
        self.changed(self.state)  # what is possible has changed with it

    def _not_painted(self, question: PaintRequest, error: Exception) -> None:
        self.complain(error)
        if question.upscale and question == self.question:
            if self.history.undo_label == _UPSCALE:
                self.undo()  # a step of its own would be asked for again by every undo
            else:
                self.stop_upscaling()

    def _keep(self, question: PaintRequest, title: str) -> None:
        ready = self._easel.result(question)

        def keep() -> "Artwork":
            return self._workroom.keep(ready or self._workroom.paint(question), title)

        self._in_gallery(keep, self.kept)

    def _first_look(self) -> "tuple[list[Entry], str]":
        entries = self._workroom.entries()
        there = any(entry.card and not entry.problem for entry in entries)
        return entries, self._workroom.default_model() if there else ""

    def _looked(self, found: "tuple[list[Entry], str]") -> None:
        self.entries, default = found
        known = [entry.card for entry in self.usable if entry.card is not None]
        if known and not any(card.id == self.state.model for card in known):
            card = next((card for card in known if card.id == default), known[0])
            named = Path(self.state.model) if self.state.model else None
            entry = next((e for e in self.usable if e.path == named), None)
            if entry is not None and entry.card is not None:
                card = entry.card
            label = one_hot(len(card.classes))
            if self.state.model and entry is None:
                self.complained(f"{self.state.model} isn't installed; this is {card.title}.")
            path = self._path(card.id)
            self.history = History(session.moved_to_model(self.state, card.id, label, path))
        self.models_listed()
        self._tell()

    def _bring_back(self, kept: Kept) -> None:
        path = self._path(kept.recipe.model.id)
        state = session.reopened(self.state, kept.recipe, kept.title, path)
        question = session.resolve(state)
        if question is not None and question.upscale and kept.picture is not None:
            self._easel.remember(question, kept.picture)
        self._step(lambda _: state, "Reopen")
        if kept.warning is not None:
            self.complained(kept.warning)

    def _in_gallery(self, work: Callable[[], T], done: Callable[[T], None] | None = None) -> None:
        self._changes += 1

        def finish(answer: T) -> None:
            self._changes -= 1
            if done is not None:
                done(answer)
            self.gallery_changed()

        def fail(error: Exception) -> None:
            self._changes -= 1
            self.complain(error)
            self.gallery_changed()  # another program may be why: what is listed isn't there

        self._errands.send(self._hands.gallery, work, finish, fail)
