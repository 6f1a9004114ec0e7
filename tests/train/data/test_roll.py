"""The credits roll: nobody is forgotten, and no name does harm."""

import csv
import json
import re
import shutil
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from explorer.core.errors import KnownError
from training.cli import app
from training.data.origins.roll import as_page, as_text, read_roll

GOLDEN = Path(__file__).parents[2] / "golden" / "dataset"
HOSTILE = "<script>alert(1)</script>\"'&${x}"


def dataset(folder: Path, rows: Sequence[tuple[str, str, str]]) -> Path:
    """The golden dataset with other credits: source, author and licence a picture."""
    shutil.copytree(GOLDEN, folder)
    with (folder / "pictures.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["index", "file", "class", "source", "author", "licence"])
        table.writerows([n, f"{n}.png", "", *row] for n, row in enumerate(rows))
    card = json.loads((folder / "dataset.json").read_bytes())
    card |= {"count": len(rows), "classes": [], "shards": card["shards"][:1]}
    card["shards"][0]["records"] = len(rows)
    (folder / "dataset.json").write_text(json.dumps(card))
    return folder


MIXED = [
    ("https://a.example/1", "Ada", "CC-BY-4.0"),
    ("https://a.example/2", "Ada", "CC-BY-4.0"),
    ("https://a.example/3", "Ada", "CC0-1.0"),
    ("https://a.example/4", "Ada", "CC0-1.0"),
    ("", "Bob", ""),
    ("archive", "", "CC0-1.0"),
    ("", "", ""),
]


def test_everyone_is_named_with_their_pictures_and_licences(tmp_path: Path) -> None:
    roll = read_roll(dataset(tmp_path / "d", MIXED))
    ada, bob = roll.people
    assert (ada.name, ada.works) == ("Ada", ((2, "CC-BY-4.0"), (2, "CC0-1.0")))
    assert (bob.name, bob.works, bob.sources) == ("Bob", ((1, ""),), ())
    assert roll.licences == (("CC0-1.0", 3), ("CC-BY-4.0", 2))
    assert roll.sources == (("archive", 1),)
    assert (roll.count, roll.authorless, roll.unlicensed) == (7, 2, 2)
    text = as_text(roll)
    for said in (
        "S U N S",
        "Ada",
        "2 pictures, CC-BY-4.0; 2 pictures, CC0-1.0",
        "and 1 more, named in pictures.csv",
        "https://creativecommons.org/licenses/by/4.0/",
        "https://creativecommons.org/publicdomain/zero/1.0/",
        "2 pictures do not say who made them, and 2 pictures do not say what may be done",
    ):
        assert said in " ".join(text.split()) or said in text
    assert max(map(len, text.splitlines())) <= 72


def test_the_golden_dataset_thanks_its_makers() -> None:
    roll = read_roll(GOLDEN)
    assert [person.name for person in roll.people] == [f"Nobody {n}" for n in range(6)]
    assert roll.thanks == ("Nobody",)


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data


def test_the_page_is_whole_in_itself_and_no_name_becomes_markup(tmp_path: Path) -> None:
    rows = [(HOSTILE, HOSTILE, HOSTILE), ("", "\x1b[31mRed\u202e", "x"), *MIXED]
    html = as_page(read_roll(dataset(tmp_path / "d", rows)))
    page = Page()
    page.feed(html)
    assert HOSTILE in page.words
    assert not {tag for tag, _ in page.tags} & {"script", "img", "link", "a", "iframe"}
    assert not any(name.startswith("on") for _, given in page.tags for name in given)
    assert "\x1b" not in html
    assert "\u202e" not in html
    assert not re.search(r"url\(|@import|src=|href=", html)
    policy = next(given for tag, given in page.tags if "http-equiv" in given)
    assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'"


def test_the_page_opens_in_a_browser(tmp_path: Path, tab: Any) -> None:
    html = as_page(read_roll(dataset(tmp_path / "d", [(HOSTILE, HOSTILE, HOSTILE), *MIXED])))
    (tmp_path / "credits.html").write_text(html, encoding="utf-8")
    tab.find_sound(tmp_path / "credits.html")


def test_a_thousand_authors_make_a_long_roll(tmp_path: Path) -> None:
    rows = [("", f"Author {n}", "CC-BY-4.0") for n in range(1000)]
    text = as_text(read_roll(dataset(tmp_path / "d", rows)))
    assert text.count("Author ") == 1000


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (None, "lacks its pictures.csv; prepare it again"),
        (b"\xff\xfe\x00\x81", "can't be read"),
        (b'file,author\n"a', "can't be read"),
        (b"index,author\n0," + b"x" * 10_000_000, "can't be read: field larger"),
        (b"index,author\n0,Ada\n", "does not list the 7 pictures of its card"),
    ],
    ids=["missing", "no text", "cut off", "10 MB", "shortened"],
)
def test_a_dataset_without_its_table_ends_in_one_sentence(
    tmp_path: Path, table: bytes | None, sentence: str
) -> None:
    folder = dataset(tmp_path / "d", MIXED)
    if table is None:
        (folder / "pictures.csv").unlink()
    else:
        (folder / "pictures.csv").write_bytes(table)
    with pytest.raises(KnownError, match=sentence) as refused:
        read_roll(folder)
    assert "\n" not in str(refused.value)


def test_the_command_prints_the_roll_or_writes_the_page(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "d", MIXED)
    said = CliRunner().invoke(app, ["credits", str(folder)])
    assert (said.exit_code, said.stdout) == (0, as_text(read_roll(folder)))
    out = tmp_path / "credits.html"
    assert CliRunner().invoke(app, ["credits", str(folder), "--html", str(out)]).exit_code == 0
    assert out.read_text(encoding="utf-8") == as_page(read_roll(folder))
    there = CliRunner().invoke(app, ["credits", str(folder), "--html", str(tmp_path / "no/x.html")])
    assert isinstance(there.exception, KnownError)
