"""The light table in a real Chromium."""

import csv
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from training.curation import strangers, wanted
from training.curation.curate import curate
from training.data.decisions import Decision, read_decisions
from training.data.prepare import prepare

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


def download(page: Any, folder: Path) -> Path:
    page.click("#download")
    path = folder / "decisions.csv"
    for _ in range(200):
        page.ask("new Promise((yes) => setTimeout(yes, 50))")
        if path.exists():
            break
    return path


def downloaded(page: Any, folder: Path) -> dict[str, list[str]]:
    path = download(page, folder)
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


def test_what_is_shown_whole_offers_no_more(report: Path, page: Any) -> None:
    shown = "[...document.querySelectorAll('.more, .warning')].filter((e) => e.offsetParent).length"
    assert page.ask(shown) == 0


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


def counts(page: Any) -> str:
    told: str = page.ask("document.querySelector('.counts').textContent")
    return told.rpartition(" · ")[0]


@pytest.fixture(scope="module")
def astray(
    tmp_path_factory: pytest.TempPathFactory,
    photographs: Callable[[int], Image.Image],
    drawings: Callable[[int], Image.Image],
) -> Path:
    """Two classes, and a drawing that lies among the photographs."""
    source = tmp_path_factory.mktemp("astray") / "in"
    for kind, made in (("photographs", photographs), ("drawings", drawings)):
        (source / kind).mkdir(parents=True)
        for seed in range(20):
            made(seed).save(source / kind / f"{seed:02d}.png")
    drawings(77).save(source / "photographs" / "astray.png")
    return source


ASTRAY = "photographs/astray.png"
KEEP, REJECT = ["keep", "", "by hand"], ["reject", "", "by hand"]
MOVE, OTHER = ["keep", "masks", "by hand"], ["keep", "faces", "by hand"]


def test_a_move_by_hand_comes_through_sorting_and_reloads_into_the_dataset(
    astray: Path, page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strangers, "_SURE", 2.0)  # found, but never sure enough to suggest it
    report = tmp_path / "report"
    curate(astray, report)
    page.open(report / "index.html")
    page.click(".chip[data-kind=class]")
    assert page.ask(FILE) == ASTRAY
    assert "propose-move" not in state(page, ASTRAY)
    page.press("m")
    assert state(page, ASTRAY) == "mark-move"
    page.click(".chip[data-kind=rest]")
    page.press("k", shift=True)
    page.press(*"rrrrrr")
    page.click("#with")
    shutil.move(download(page, tmp_path), tmp_path / "marks.csv")

    monkeypatch.setattr(strangers, "_LEAST", 1000)  # nothing is found in a wrong class any more
    monkeypatch.setattr(wanted, "_REPEATS", 1)
    monkeypatch.setattr(wanted, "_STRENGTHS", (0.01,))
    done = curate(astray, report, wanted_from=tmp_path / "marks.csv")
    moved = Decision(ASTRAY, "keep", "drawings", "by hand")
    assert read_decisions(done.table).by_file[ASTRAY] == moved
    page.open(report / "index.html")
    page.click(".chip[data-kind='']")
    assert state(page, ASTRAY) == "mark-move"
    assert counts(page).endswith(" · 6 rejected by you")
    again = download(page, tmp_path)
    assert read_decisions(again).by_file[ASTRAY] == moved

    prepare(astray, tmp_path / "dataset", size=16, decisions=again)
    with (tmp_path / "dataset" / "pictures.csv").open(encoding="utf-8", newline="") as file:
        classes = {row["file"]: row["class"] for row in csv.DictReader(file)}
    assert classes[ASTRAY] == "drawings"


def say(report: Path, marks: dict[str, list[str]]) -> None:
    """Write the page as it is after `--wanted-from` a file with these marks."""
    page = report / "index.html"
    before, start, rest = page.read_text(encoding="utf-8").partition('id="data">')
    text, end, after = rest.partition("</script>")
    text = json.dumps(json.loads(text) | {"marks": marks}).replace("<", "\\u003c")
    page.write_text(before + start + text + end + after, encoding="utf-8")


def test_m_on_a_whole_section_leaves_a_move_to_elsewhere(
    astray: Path, page: Any, tmp_path: Path
) -> None:
    curate(astray, tmp_path / "report")
    said = {ASTRAY: ["keep", "vases", "a vase"], "drawings/03.png": ["reject", "mugs", "cracked"]}
    say(tmp_path / "report", said)
    page.open(tmp_path / "report" / "index.html")
    page.click(".chip[data-kind=class]")
    page.press("m", shift=True)
    rows = downloaded(page, tmp_path)
    assert {file: rows[file] for file in said} == said


def test_marks_of_a_newer_file_and_marks_of_the_browser_live_together(
    report: Path, page: Any, tmp_path: Path
) -> None:
    said = {f"{n:02d}.png": KEEP if n < 10 else REJECT for n in range(20)}
    say(report, said)  # after a page that stored that nothing is decided
    page.open(report / "index.html")
    assert counts(page) == "10 kept · 10 rejected by you"
    page.ask("decide('reject', byFile.get('25.png'))")
    page.ask("decide('', byFile.get('00.png'))")
    page.ask("decide('reject', byFile.get('01.png'))")
    page.open(report / "index.html")
    assert counts(page) == "8 kept · 12 rejected by you"
    say(report, said | {"10.png": KEEP, "26.png": REJECT})
    page.open(report / "index.html")
    assert counts(page) == "9 kept · 12 rejected by you"
    rows = downloaded(page, tmp_path)
    assert rows["25.png"] == rows["01.png"] == rows["26.png"] == REJECT
    assert rows["10.png"] == KEEP
    assert "00.png" not in rows


@pytest.mark.parametrize(
    ("mine", "seen", "sent", "told", "wins"),
    [
        (None, None, None, KEEP, KEEP),  # a word that is new
        (KEEP, None, None, None, KEEP),  # made here, never downloaded
        (KEEP, None, KEEP, REJECT, REJECT),  # changed in the file after the download
        (KEEP, REJECT, None, REJECT, KEEP),  # changed here after the report
        (None, REJECT, None, REJECT, None),  # taken off here after the report
        (REJECT, None, KEEP, KEEP, REJECT),  # changed here after the download
        (KEEP, None, None, REJECT, REJECT),  # both speak, the file's word is news
        (MOVE, MOVE, None, OTHER, OTHER),  # another class is another word
        (OTHER, MOVE, None, MOVE, OTHER),
    ],
)
def test_of_two_words_on_one_picture_the_newer_wins_and_none_is_lost(
    mine: Any, seen: Any, sent: Any, told: Any, wins: Any, report: Path, page: Any
) -> None:
    def pairs(mark: Any) -> list[list[Any]]:
        return [["a", mark]] if mark else []

    kept = {"marks": pairs(mine), "seen": pairs(seen), "sent": pairs(sent)}
    asked = f"recall({json.dumps(kept)}, {json.dumps(pairs(told))}, new Map())"
    found = page.ask(
        f"(() => {{ const {{ marks, undone }} = {asked}; return [[...marks], undone]; }})()"
    )
    assert found[0] == pairs(wins)
    unsaved = mine != seen and wins != mine
    assert found[1] == ([[["a", mine, told]]] if unsaved else [])


STORED: Sequence[Any] = [
    {"marks": [["dark.png", "move"]], "undone": [[["dark.png", "", "move"]]]},
    {"marks": [["dark.png", ["keep", 7, None]], ["dark.png"], 3, None]},
    {"marks": {"dark.png": "keep"}, "seen": 5, "sent": "x", "undone": [3, [4, []]], "redone": {}},
    {"marks": [["dark.png", ["burn", "", ""]]], "undone": [[["dark.png", {}, []]], None]},
    {"view": {"kind": "gone", "which": "constructor", "side": "wide", "proposals": None}},
    {"view": 7},
    [],
    7,
    "text",
    None,
]


def test_whatever_the_browser_holds_the_page_opens(report: Path, page: Any) -> None:
    for stored in [*map(json.dumps, STORED), "{torn", ""]:
        page.ask(f"localStorage.setItem(STORE, {json.dumps(stored)})")
        page.open(report / "index.html")
        assert page.ask("document.querySelectorAll('.cell').length") > 30, stored
        assert counts(page) == "0 kept · 0 rejected by you", stored
        page.press("k", "u", "y")
        assert counts(page) == "1 kept · 0 rejected by you", stored


def test_marks_of_an_older_page_are_still_marks(report: Path, page: Any) -> None:
    older = {"marks": [["dark.png", "keep"], ["pale.png", "reject"]], "view": {"side": 12}}
    page.ask(f"localStorage.setItem(STORE, {json.dumps(json.dumps(older))})")
    page.open(report / "index.html")
    assert [state(page, file) for file in ("dark.png", "pale.png")] == ["mark-keep", "mark-reject"]
