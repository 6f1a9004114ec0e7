"""Kept, found, renamed, thrown away and brought back."""

import sqlite3
from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtWidgets import (
    QApplication,
    QWidget,
)
from pytestqt.qtbot import QtBot

from explorer.gallery.store import Gallery
from explorer.latent.expression import Artwork, Seed

from .conftest import Room, drop

LEFT = Qt.MouseButton.LeftButton


def test_saved_is_found_and_reopened_as_it_was(room: Room) -> None:
    room.studio.pin("a", Seed(seed=1))
    room.studio.pin("b", Seed(seed=2))
    room.studio.truncate(0.7)
    room.studio.travel(0.25)
    room.until_painted()
    room.save("Lamp Keeper")
    kept = room.state
    assert "Lamp Keeper" in room.window.notice.text.text()
    room.show_seed(3)
    room.save("Still Water")
    gallery = room.window.gallery

    room.ctrl(Qt.Key.Key_F)
    room.until(lambda: gallery.works.rowCount() == 2)
    room.qtbot.keyClicks(gallery.search, "lam")
    room.until(lambda: gallery.works.rowCount() == 1)
    middle = gallery.grid.visualRect(gallery.works.index(0)).center()
    room.qtbot.mouseClick(gallery.grid.viewport(), LEFT, pos=middle)
    room.qtbot.keyClick(gallery.grid, Qt.Key.Key_Return)
    room.until(lambda: room.state.title == "Lamp Keeper")
    room.until_painted()

    assert room.state.shown == kept.shown
    assert (room.state.pin_a, room.state.pin_b, room.state.t) == (Seed(seed=1), Seed(seed=2), 0.25)
    assert room.state.psi == 0.7
    assert room.window.plaque.title.text() == "Lamp Keeper"


def test_a_search_that_finds_nothing_says_so(room: Room) -> None:
    room.show_seed(1)
    room.save("Moon")
    gallery = room.window.gallery
    room.ctrl(Qt.Key.Key_F)
    room.until(lambda: gallery.works.rowCount() == 1)

    room.qtbot.keyClicks(gallery.search, "sun")
    room.until(lambda: gallery.works.rowCount() == 0)

    assert gallery.hint.isVisible()
    assert "sun" in gallery.hint.text()


def test_an_empty_gallery_invites(room: Room) -> None:
    room.ctrl(Qt.Key.Key_2)
    room.until(lambda: room.window.gallery.hint.isVisible())

    assert "Ctrl+S" in room.window.gallery.hint.text()


def test_a_gallery_that_can_not_be_opened_says_why_and_can_be_tried_again(
    home: Path, qtbot: QtBot, qapp: QApplication
) -> None:
    Gallery.open(home / "gallery").close()
    database = sqlite3.connect(home / "gallery" / "gallery.sqlite")
    (version,) = database.execute("PRAGMA user_version").fetchone()
    database.execute("PRAGMA user_version = 99")
    room = Room(home, qtbot)
    gallery = room.window.gallery
    room.ctrl(Qt.Key.Key_2)
    room.until(gallery.again.isVisible)
    assert "newer" in gallery.hint.text()
    assert gallery.hint.isVisible()
    qtbot.mouseClick(gallery.again, LEFT)
    room.until(gallery.again.isVisible)
    assert "newer" in gallery.hint.text()

    database.execute(f"PRAGMA user_version = {version}")
    database.close()
    qtbot.mouseClick(gallery.again, LEFT)
    room.until(lambda: "Ctrl+S" in gallery.hint.text())

    assert not gallery.again.isVisible()
    room.close()


def rename_first(room: Room) -> QWidget:
    """The field in which the first work's name is being typed."""
    gallery = room.window.gallery
    gallery.grid.setCurrentIndex(gallery.works.index(0))
    room.qtbot.keyClick(gallery.grid, Qt.Key.Key_F2)
    editor = QApplication.focusWidget()
    assert editor is not None
    return editor


def test_a_work_is_renamed_in_its_place(room: Room) -> None:
    room.show_seed(1)
    room.save("Moon")
    room.show_seed(2)
    gallery = room.window.gallery
    room.ctrl(Qt.Key.Key_2)
    room.until(lambda: gallery.works.rowCount() == 1)

    editor = rename_first(room)
    before = room.state
    room.qtbot.keyClicks(editor, "Late Moon")
    room.qtbot.keyClick(editor, Qt.Key.Key_Return)

    room.until(lambda: gallery.works.index(0).data() == "Late Moon")
    assert room.state == before  # the key ended the typing, and opened nothing


def test_a_name_being_typed_outlasts_a_save(room: Room) -> None:
    room.show_seed(1)
    room.save("Moon")
    gallery = room.window.gallery
    room.ctrl(Qt.Key.Key_2)
    room.until(lambda: gallery.works.rowCount() == 1)
    editor = rename_first(room)
    room.qtbot.keyClicks(editor, "Late")

    room.studio.save()
    room.until(lambda: len(room.kept) == 2)
    room.qtbot.keyClicks(editor, " Moon")
    room.qtbot.keyClick(editor, Qt.Key.Key_Return)

    room.until(lambda: gallery.works.rowCount() == 2)
    room.until(lambda: gallery.works.index(1).data() == "Late Moon")


def test_a_change_far_down_leaves_the_gallery_where_it_stands(room: Room) -> None:
    room.show_seed(1)
    for _ in range(65):  # more than one page
        room.studio.save()
    room.until(lambda: len(room.kept) == 65)
    works, grid = room.window.gallery.works, room.window.gallery.grid
    room.ctrl(Qt.Key.Key_2)
    room.until(lambda: works.rowCount() == 60)
    grid.scrollToBottom()
    room.until(lambda: works.rowCount() == 65)
    grid.setFocus()
    grid.setCurrentIndex(works.index(62))
    stood = grid.verticalScrollBar().value()
    thrown = works.work(62).uuid

    works.setData(works.index(62), "Far down")
    room.until(lambda: works.index(62).data() == "Far down")
    assert grid.currentIndex().row() == 62
    assert grid.verticalScrollBar().value() == stood
    room.qtbot.keyClick(grid, Qt.Key.Key_Delete)
    room.until(lambda: works.rowCount() == 64)

    assert works.work(62).uuid != thrown
    assert grid.currentIndex().row() == 62


def test_a_deleted_work_comes_back_with_undo(room: Room) -> None:
    room.show_seed(1)
    room.save("Moon")
    gallery, notice = room.window.gallery, room.window.notice
    room.ctrl(Qt.Key.Key_2)
    room.until(lambda: gallery.works.rowCount() == 1)
    gallery.grid.setCurrentIndex(gallery.works.index(0))

    room.qtbot.keyClick(gallery.grid, Qt.Key.Key_Delete)
    room.until(lambda: gallery.works.rowCount() == 0)
    room.qtbot.mouseClick(notice.button, LEFT)

    room.until(lambda: gallery.works.rowCount() == 1)


def test_an_unwanted_save_is_taken_back_from_the_notice(room: Room) -> None:
    room.show_seed(1)
    room.save("Oops")
    room.ctrl(Qt.Key.Key_2)
    room.until(lambda: room.window.gallery.works.rowCount() == 1)

    room.qtbot.mouseClick(room.window.notice.button, LEFT)

    room.until(lambda: room.window.gallery.works.rowCount() == 0)


def test_a_work_can_be_pinned_from_the_gallery(room: Room) -> None:
    room.show_seed(1)
    room.save("Moon")
    room.ctrl(Qt.Key.Key_2)
    works = room.window.gallery.works
    room.until(lambda: works.rowCount() == 1)

    drop(room.window.tools.pins.a, works.expression(0))

    assert isinstance(room.state.pin_a, Artwork)
    assert "moon" in room.window.tools.pins.a.accessibleName().lower()


def test_the_gallery_spreads_out_and_gives_the_room_back(room: Room) -> None:
    room.ctrl(Qt.Key.Key_3)
    assert not room.window.canvas.isVisible()

    room.window.gallery.spread.click()
    assert room.window.canvas.isVisible()


def test_a_png_dropped_from_outside_reopens(room: Room) -> None:
    room.show_seed(6)
    work = room.save("Moon")
    file = next((room.home / "gallery" / "pictures").rglob("*.png"))
    room.show_seed(1)
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(file))])

    assert drop(room.window, mime)
    room.until(lambda: room.state.title == work.title)

    assert room.state.shown == Seed(seed=6)
    room.show_seed(1)
    assert drop(room.window.canvas, mime)  # which leaves files to the window
    room.until(lambda: room.state.title == work.title)


def test_a_kept_picture_dropped_on_the_easel_is_the_one_that_was_in_the_hand(room: Room) -> None:
    room.studio.truncate(0.4)
    room.show_seed(6)
    work = room.save("Moon")
    room.show_seed(1)
    room.studio.truncate(1.0)
    works = room.window.gallery.works
    room.ctrl(Qt.Key.Key_2)
    room.until(lambda: works.rowCount() == 1)

    assert drop(room.window.canvas, works.mimeData([works.index(0)]))
    room.until(lambda: room.state.title == work.title)

    assert (room.state.shown, room.state.psi) == (Seed(seed=6), 0.4)


def test_a_dropped_file_that_is_none_of_ours_is_refused_in_one_sentence(
    room: Room, tmp_path: Path
) -> None:
    room.show_seed(1)
    file = tmp_path / "holiday.png"
    file.write_bytes(b"\x89PNG\r\n\x1a\n nothing more")
    room.studio.open_file(file)
    room.until(lambda: bool(room.complaints))

    assert room.window.notice.isVisible()
    assert "holiday.png" in room.window.notice.text.text()
    assert room.state.shown == Seed(seed=1)


def test_closing_right_after_save_loses_nothing(
    home: Path, qtbot: QtBot, qapp: QApplication
) -> None:
    room = Room(home, qtbot)
    room.show_seed(5)
    room.studio.upscale()
    room.studio.name("At the door")
    room.studio.save()
    room.close()

    with Gallery.open(home / "gallery") as gallery:
        (work,) = gallery.search("door")
    assert work.width == 32


def test_a_window_that_can_not_save_stays_and_says_so(room: Room) -> None:
    room.show_seed(5)
    room.save("First")
    shelves = room.home / "gallery" / "pictures"
    shelves.rename(room.home / "aside")
    shelves.write_text("in the way")

    room.studio.save()
    room.window.close()
    assert room.window.isVisible()
    assert "saving" in room.window.notice.text.text()
    room.until(lambda: bool(room.complaints))
    assert room.window.isVisible()
    assert room.window.notice.text.text() == room.complaints[0]

    shelves.unlink()
    (room.home / "aside").rename(shelves)
    room.studio.name("At the door")
    room.studio.save()
    room.window.close()
    room.until(lambda: not room.window.isVisible())
    with Gallery.open(room.home / "gallery") as gallery:
        assert gallery.named("At the door")


def test_a_window_closed_twice_goes_at_once_and_saves_behind_it(room: Room) -> None:
    room.show_seed(5)
    room.studio.save()
    room.window.close()
    room.window.close()
    assert not room.window.isVisible()

    with Gallery.open(room.home / "gallery") as gallery:
        assert gallery.count() == 1


def test_a_work_that_is_gone_already_is_not_said_to_be_moved(room: Room) -> None:
    room.show_seed(1)
    work = room.save("Moon")
    gallery = room.window.gallery
    room.studio.set(side="gallery")
    room.until(lambda: gallery.works.rowCount() == 1)
    other = Gallery.open(room.home / "gallery")
    other.delete(work.uuid)
    other.close()
    moved: list[str] = []
    gallery.deleted.connect(lambda _, title: moved.append(title))

    gallery.grid.setCurrentIndex(gallery.works.index(0))
    room.qtbot.keyClick(gallery.grid, Qt.Key.Key_Delete)
    room.until(lambda: gallery.works.rowCount() == 0)

    assert not moved
    assert room.complaints
