"""The light table in a real Chromium."""

import csv
import shutil
from pathlib import Path
from typing import Any

import pytest

from training.curation.curate import curate
from training.data.decisions import read_decisions

for module in ("cv2", "imagehash", "sklearn"):
    pytest.importorskip(module, reason="needs the extra `data`")

HERE = "document.querySelector('.cell.here')"
FILE = f"{HERE}.querySelector('.file').textContent"


@pytest.fixture(scope="module")
def written(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("page") / "report"
    curate(pictures, out)
    return out


@pytest.fixture
def report(written: Path, page: Any, tmp_path: Path) -> Path:
    """The page, open, with nothing decided."""
    shutil.copytree(written, tmp_path / "report")
    page.open(tmp_path / "report" / "index.html")
    page.ask("localStorage.clear()")
    page.open(tmp_path / "report" / "index.html")
    return tmp_path / "report"


def state(page: Any, file: str) -> str:
    """What becomes of a picture: its cell's own words."""
    words: str = page.ask(
        "(() => { const name = "
        + repr(file)
        + "; for (const c of document.querySelectorAll('.cell'))"
        " if (c.querySelector('.file').textContent === name) return c.className; return 'none'; })()"
    )
    return words.replace("cell", "").replace("here", "").strip()


def downloaded(page: Any, folder: Path) -> dict[str, list[str]]:
    page.click("#download")
    path = folder / "decisions.csv"
    for _ in range(200):
        page.ask("new Promise((yes) => setTimeout(yes, 50))")
        if path.exists():
            break
    with path.open(encoding="utf-8", newline="") as file:
        heading, *rows = csv.reader(file)
    assert heading == ["file", "decision", "class", "reason"]
    read_decisions(path)
    path.unlink()
    return {row[0]: row[1:] for row in rows}


def test_findings_stand_on_the_page_with_their_pictures(report: Path, page: Any) -> None:
    kinds = page.ask(
        "[...document.querySelectorAll('section')].map((s) => s.dataset.kind || 'lost')"
    )
    assert {"exact", "near", "drawing", "dark", "bright", "blurry", "empty", "size"} <= set(kinds)
    assert kinds[-2:] == ["rest", "lost"]
    page.until("[...document.images].filter((i) => i.src && !i.closest('dialog')).length > 30")
    page.ask(
        "Promise.all([...document.images].filter((i) => i.src).map((i) => (i.loading = 'eager', i.decode())))"
    )
    sides = page.ask(
        "Math.min(...[...document.images].filter((i) => i.src).map((i) => i.naturalWidth))"
    )
    assert sides >= 90


def test_suggestions_are_seen_to_be_no_more_than_that(report: Path, page: Any) -> None:
    assert state(page, "dark.png") == "propose-reject"
    assert page.ask("document.querySelector('.propose-reject .flag').textContent") == "leave out?"
    assert page.ask("document.querySelector('.counts').textContent").startswith(
        "0 kept · 0 rejected by you ·"
    )


def test_arrows_k_r_and_u_sort_without_a_mouse(report: Path, page: Any) -> None:
    first = page.ask(FILE)
    page.press("r")
    second = page.ask(FILE)
    assert first != second  # on to the next
    assert "mark-reject" in state(page, first)
    page.press("ArrowLeft", "k")
    assert state(page, first) == "mark-keep"
    page.press("u")
    assert (state(page, first), page.ask(FILE)) == ("mark-reject", first)
    page.press("u")
    assert "mark" not in state(page, first)
    page.press("y", "y")
    assert state(page, first) == "mark-keep"
    page.press("z", ctrl=True)
    assert state(page, first) == "mark-reject"
    page.press("ArrowLeft", "x")
    assert "mark" not in state(page, first)
    page.press("ArrowDown")
    assert page.ask(f"{HERE}.closest('section').dataset.kind") != "exact"
    page.press("ArrowUp")
    assert page.ask(f"{HERE}.closest('section').dataset.kind") == "exact"


def test_shift_decides_a_whole_cluster(report: Path, page: Any) -> None:
    page.press("k", shift=True)
    assert [state(page, file) for file in ("03.png", "33 again.png")] == ["mark-keep"] * 2
    page.press("u")
    assert [state(page, file) for file in ("03.png", "33 again.png")] == ["", "propose-reject"]


def test_a_click_keeps_and_another_takes_it_back(report: Path, page: Any) -> None:
    page.click(".cell .choice .k")
    assert page.ask("document.querySelector('.cell').className") == "cell mark-keep here"
    page.click("#undo")
    page.click(".cell .choice .r")
    assert "mark-reject" in page.ask("document.querySelector('.cell').className")
    page.click(".cell .choice .r")
    assert "mark" not in page.ask("document.querySelector('.cell').className")


def test_a_reload_loses_nothing(report: Path, page: Any) -> None:
    page.press("r", "k")
    page.click(".chip[data-kind=dark]")
    page.open(report / "index.html")
    assert page.ask("document.querySelectorAll('section').length") == 1
    page.click(".chip[data-kind='']")
    assert page.ask("document.querySelector('.counts').textContent").startswith(
        "1 kept · 1 rejected by you ·"
    )
    page.press("u", "u")
    assert page.ask("document.querySelector('.counts').textContent").startswith("0 kept · 0 rej")


def test_a_filter_shows_one_finding_or_what_is_open(report: Path, page: Any) -> None:
    page.click(".chip[data-kind=near]")
    assert page.ask("[...document.querySelectorAll('section')].map((s) => s.dataset.kind)") == [
        "near"
    ]
    assert page.ask("document.querySelectorAll('.tray').length") == 2
    page.click(".chip[data-kind='']")
    page.press("k")
    page.ask(
        "(() => { const w = document.querySelector('#which'); w.value = 'kept'; w.dispatchEvent(new Event('change')); })()"
    )
    assert page.ask("document.querySelectorAll('.cell.mark-keep').length") == 1


def test_the_decisions_are_downloaded_as_prepare_reads_them(
    report: Path, page: Any, tmp_path: Path
) -> None:
    page.click(".chip[data-kind=dark]")
    page.press("k")
    page.click(".chip[data-kind=size]")
    page.press("r")
    rows = downloaded(page, tmp_path)

    assert rows["dark.png"] == ["keep", "", "by hand"]
    assert rows["narrow.png"] == ["reject", "", "by hand"]
    assert rows["33 again.png"] == ["reject", "", "suggested: copy of 03.png"]
    assert rows["drawn \"quoted\", 'twice'.png"][0] == "reject"
    page.click("#with")
    assert set(downloaded(page, tmp_path)) == {"dark.png", "narrow.png"}
    page.click("#with")
    page.press("u", "u")
    with (report / "decisions.csv").open(encoding="utf-8", newline="") as file:
        _, *suggested = csv.reader(file)
    assert downloaded(page, tmp_path) == {row[0]: row[1:] for row in suggested}


def test_accepting_suggestions_marks_them_as_ones_own(report: Path, page: Any) -> None:
    page.click("section[data-kind=near] .act")
    assert "mark-reject" in state(page, "04.jpg")
    assert page.ask("document.querySelector('section[data-kind=near] .act').disabled")
    page.press("u")
    assert state(page, "04.jpg") == "propose-reject"


def test_a_loupe_opens_and_decides(report: Path, page: Any) -> None:
    first = page.ask(FILE)
    page.press("Enter")
    assert page.ask("document.querySelector('#loupe').open")
    page.press("ArrowRight")
    assert page.ask("document.querySelector('#loupe b').textContent") == page.ask(FILE) != first
    page.press("r", "Enter")
    assert not page.ask("document.querySelector('#loupe').open")
    assert page.ask("document.querySelectorAll('.mark-reject').length") >= 1


def test_hostile_names_are_only_names(report: Path, page: Any) -> None:
    name = "<img src=x onerror=alert(1)>\n.png"
    page.click(".chip[data-kind='']")
    shown = page.ask("[...document.querySelectorAll('.file')].map((f) => f.textContent)")
    if name in shown:  # not on a file system that refuses it
        assert page.ask("document.querySelectorAll('img[src=x]').length") == 0
    assert page.ask("document.title") == "Dogs & <cats>"
    assert page.ask("document.querySelectorAll('h1 *').length") == 0
