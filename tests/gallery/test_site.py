from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis.strategies import builds, integers, lists, text
from PIL import Image

from explorer.gallery.caption import one_line
from explorer.gallery.names import names
from explorer.gallery.site import LARGE, Work, hang, page, write_site

WORKS = builds(
    Work, text(min_size=1), text(), text(), width=integers(1, 2000), height=integers(1, 2000)
)


class Reader(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.images: list[dict[str, str | None]] = []
        self.addresses: list[str] = []
        self.scripts = 0
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.scripts += tag == "script"
        self.addresses += [value for key in ("src", "href") if (value := found.get(key))]
        assert not any(key.startswith("on") for key in found)
        if tag == "img" and "data-width" in found:
            self.images.append(found)

    def handle_data(self, data: str) -> None:
        self.text += data


@given(lists(WORKS, max_size=12), text(), text(), lists(text(), max_size=3))
def test_whatever_is_typed_stays_text(
    works: list[Work], title: str, words: str, credit: list[str]
) -> None:
    read = Reader(page(works, title=title, text=words, credit=credit))
    assert read.scripts == 1
    assert len(read.images) == len(works)
    assert one_line(title) in read.text
    for work in works:
        assert (one_line(work.title) or "Untitled") in read.text
    for line in credit:
        assert one_line(line) in read.text


@given(lists(WORKS, max_size=12))
def test_nothing_is_fetched_from_anywhere_but_the_folder(works: list[Work]) -> None:
    read = Reader(page(works, title="Low Sun"))
    files = sorted(quote(work.file) for work in works)
    assert sorted(read.addresses) == sorted(files * 2)
    assert not any(":" in address for address in read.addresses)


@given(lists(WORKS, max_size=40))
def test_every_work_hangs_once_and_large_ones_alone(works: list[Work]) -> None:
    walls = hang(works)
    hung = [work for wall in walls for work in wall]
    for large in (True, False):
        assert [w for w in hung if w.is_large is large] == [w for w in works if w.is_large is large]
    assert all(len(wall) == 1 or not any(work.is_large for work in wall) for wall in walls)
    assert all(walls)


def test_small_works_are_shared_out_between_large_ones() -> None:
    large = [Work(f"l{n}", "", "", LARGE, 8) for n in range(6)]
    small = [Work(f"s{n}", "", "", 64, 64) for n in range(42)]
    assert [len(wall) for wall in hang(large + small)] == [1, 7] * 6
    assert [len(wall) for wall in hang(small)] == [42]


def test_small_pictures_stay_crisp_at_whole_multiples() -> None:
    read = Reader(page([Work("a.png", "", "", 64, 48), Work("b.png", "", "", 600, 600)], title=""))
    large, small = sorted(read.images, key=lambda image: image["src"] or "", reverse=True)
    assert (small["width"], small["height"], small["class"]) == ("192", "144", "crisp")
    assert large["width"] == "600"
    assert "class" not in large


def test_every_picture_is_described_for_those_who_cannot_see_it() -> None:
    read = Reader(page([Work("a.png", "Low Sun", "Masks · seed 3", 64, 64)], title="Moons"))
    assert read.images[0]["alt"] == "Low Sun, Masks · seed 3"
    assert read.images[0]["loading"] == "lazy"
    assert "Every picture here was painted by a generative model" in read.text


def test_the_page_is_one_file(tmp_path: Path) -> None:
    write_site(tmp_path, [Work("a.png", "Low Sun", "", 64, 64)], title="Moons")
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]
    assert "$" not in (tmp_path / "index.html").read_text("utf-8")


def test_the_page_opens_in_a_browser(tmp_path: Path, tab: Any) -> None:
    works = [Work(f"{n}.png", "Low <Sun>" * n, "Masks · seed 3", 64, 64) for n in range(1, 9)]
    for work in works:
        Image.new("RGB", (64, 64)).save(tmp_path / work.file)
    write_site(tmp_path, works, title="Moons" * 30)
    tab.find_sound(tmp_path / "index.html")


@pytest.mark.parametrize(
    "fault",
    [
        '<img src="https://example.org/a.png">',
        "<script>throw Error()</script>",
        '<p style="width: 1300px">wide</p>',
        "<style>html { background: white !important }</style>",
    ],
)
def test_the_browser_finds_what_is_not_sound(tmp_path: Path, tab: Any, fault: str) -> None:
    style = (
        "<style>html { color-scheme: light dark; background: canvas; color: canvastext }</style>"
    )
    (tmp_path / "sound.html").write_text(f"<!doctype html>{style}<body>words")
    tab.find_sound(tmp_path / "sound.html")
    (tmp_path / "index.html").write_text(f"<!doctype html>{style}<body>{fault}")
    with pytest.raises(AssertionError):
        tab.find_sound(tmp_path / "index.html")


def test_an_empty_exhibition_is_still_a_page() -> None:
    assert "0 works" in page([], title="Nothing yet")


def test_two_hundred_names_are_short_and_differ() -> None:
    assert len(names()) >= 200
    assert len({name.casefold() for name in names()}) == len(names())
    assert all(2 < len(name) <= 32 and name == name.strip() for name in names())
