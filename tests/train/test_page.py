import base64
import hashlib
import io
import json
import math
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from typer.testing import CliRunner

from explorer.core.errors import KnownError
from explorer.core.progress import Progress
from training.cli import app
from training.config import Settings
from training.data.card import read_dataset
from training.folder import LearnedFrom, RunCard, RunFolder, State
from training.seeing.page import called, page, report
from training.seeing.told import read_run
from training.seeing.wall import abreast

GOLDEN = Path(__file__).parent.parent / "golden" / "dataset"
VOID = {"meta", "img", "input", "br", "path"}


class Page(HTMLParser):
    """Everything a test asks of a page; fails where tags don't match."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.script = ""
        self.feed(content)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["script"]:
            self.script += data
        elif self.open[-1:] != ["style"]:
            self.text += data

    def of(self, tag: str, css: str | None = None) -> list[dict[str, str | None]]:
        return [
            attrs
            for name, attrs in self.tags
            if name == tag and (css is None or css in (attrs.get("class") or "").split())
        ]


def make_run(
    path: Path,
    *,
    batch: int = 10,
    grids: Sequence[int] = (0, 10, 20, 40, 80),
    side: int = 8,
    lines: int = 8,
    name: str = "Discs",
    **settings: object,
) -> Path:
    card = read_dataset(GOLDEN).model_copy(
        update={"name": name, "height": side, "width": side, "channels": 3}
    )
    folder = RunFolder(path)
    folder.grids.mkdir(parents=True)
    told_to = RunCard(
        settings=Settings.model_validate({"batch": batch, "latent": 4, **settings}),
        dataset=LearnedFrom.of(card),
        versions={"keras": "3.15.1"},
        software="masquerade 0.1.0",
    )
    folder.card_file.write_text(told_to.model_dump_json())
    for step in grids:
        sheet = np.random.RandomState(step).randint(0, 255, (8 * side, 8 * side, 3), np.uint8)
        Image.fromarray(sheet).save(folder.grids / f"{step:08d}.png", compress_level=1)
    told = [
        {"step": 10 * n, "generator_loss": 1 / n, "discriminator_loss": 2.0 - 1 / n, "penalty": 0}
        for n in range(1, lines + 1)
    ]
    folder.scalars_file.write_text("".join(json.dumps(line) + "\n" for line in told))
    folder.write_state(State(step=10 * lines, images_seen=10 * lines * batch, seconds=4000))
    return path


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "run", gamma=0.5, loss="relativistic")


def test_a_report_is_one_file_that_asks_for_nothing_else(run: Path) -> None:
    made = report([run])
    seen = Page(made.file.read_text(encoding="utf-8"))

    assert (made.file, made.left_out) == (run / "report.html", ())
    for _, attrs in seen.tags:
        assert (attrs.get("src") or "data:").startswith("data:image/webp;base64,") or (
            "src" not in attrs
        )
        assert not {"href", "srcset", "onclick", "onload"} & attrs.keys()
    assert "http" not in seen.script
    assert "url(" not in made.file.read_text(encoding="utf-8")


def test_a_report_opens_in_a_browser(run: Path, tab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(run.parent)
    other = make_run(run.parent / "<b>other</b>", gamma=2.0, loss="hinge")
    tab.find_sound(report([run, other]).file)


def test_only_the_pages_own_script_may_run(run: Path) -> None:
    seen = Page(page([read_run(run)])[0])
    policy = next(m["content"] for m in seen.of("meta") if "http-equiv" in m) or ""

    digest = base64.b64encode(hashlib.sha256(seen.script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


def test_a_report_tells_what_the_run_is(run: Path) -> None:
    seen = Page(page([read_run(run)])[0])

    for words in ("run", "Discs", "8×8 pixels", "1 h 07 min", "800 (0.8 kimg)", "relativistic"):
        assert words in seen.text
    assert re.search(r"gamma\s*0\.5\s*–", seen.text)  # with the default beside it
    assert "Always the same: penalty 0." in seen.text
    assert len(seen.of("figure", "chart")) == 1
    assert len(seen.of("div", "plot")) == 2  # even and logarithmic
    assert len(seen.of("path", "line")) == 4


def test_grids_on_the_page_are_the_runs_own(run: Path) -> None:
    seen = Page(page([read_run(run)])[0])
    images = [attrs["src"] or "" for attrs in seen.of("img")]

    assert len(images) == 1 + 5  # the last one large, and all over time
    assert images[0] == images[-1]
    data = base64.b64decode(images[0].partition(",")[2])
    shown = Image.open(io.BytesIO(data), formats=["WEBP"]).convert("RGB")
    painted = Image.open(io.BytesIO((run / "grids" / "00000080.png").read_bytes()))
    assert np.array_equal(np.asarray(shown), np.asarray(painted))


def test_runs_are_compared_at_equal_pictures_seen(run: Path, tmp_path: Path) -> None:
    other = make_run(tmp_path / "other", batch=40, grids=(0, 5, 20), lines=4)
    seen = Page(page([read_run(run), read_run(other)])[0])

    said = [attrs["data-said"] or "" for attrs in seen.of("figure") if "data-said" in attrs]
    assert [words.split(" · ")[1] for words in said[:5]] == [
        "0 kimg",
        "0.1 kimg",
        "0.2 kimg",
        "0.4 kimg",
        "0.8 kimg",
    ]
    assert said[5:] == ["step 0 · 0 kimg", "step 5 · 0.2 kimg", "step 20 · 0.8 kimg"]
    assert [name in seen.text for name in ("run beside other", "no grid here")] == [True, True]
    assert len(seen.of("path", "dashed")) == 4  # the discriminators, even and logarithmic


def test_settings_that_differ_between_runs_are_marked(run: Path, tmp_path: Path) -> None:
    other = make_run(tmp_path / "other", gamma=0.5, loss="hinge")
    content = page([read_run(run), read_run(other)])[0]

    assert re.findall(r"<tr class=differs><th scope=row>([^<]*)", content) == ["loss"]
    assert content.index("<th scope=row>loss") < content.index("<th scope=row>gamma")


HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\x1b[31m\"'&"


def test_nothing_from_a_file_becomes_a_tag(tmp_path: Path) -> None:
    run = make_run(tmp_path / "a<b>&'\"", name=HOSTILE, preset=HOSTILE)
    (run / "notes.jsonl").write_text(
        json.dumps({"step": 20, "kind": HOSTILE, "text": HOSTILE + " try --augment ada"}) + "\n"
    )
    with (run / "scalars.jsonl").open("a") as scalars:
        scalars.write(json.dumps({"step": 90, HOSTILE: 1.0}) + "\n")
    card = json.loads((run / "run.json").read_text())
    card["versions"], card["software"] = {HOSTILE: HOSTILE}, HOSTILE
    card["dataset"]["licence"], card["dataset"]["credits"] = HOSTILE, [HOSTILE]
    (run / "run.json").write_text(json.dumps(card))

    for runs in ([run], [run, run]):
        seen = Page(page([read_run(each) for each in runs])[0])
        assert len(seen.of("script")) == 1
        assert all((attrs["src"] or "").startswith("data:") for attrs in seen.of("img"))
        assert not any(name.startswith("on") for _, attrs in seen.tags for name in attrs)
        assert "alert(1)" in seen.text
        assert "\x1b" not in seen.text
        assert "1 names are left out" in seen.text


def test_the_coachs_notes_stand_in_order_and_below_the_curves(run: Path) -> None:
    notes = [{"step": 40, "kind": "b", "text": "later"}, {"step": 20, "kind": "a", "text": "first"}]
    lines = [*map(json.dumps, notes), "{", '{"step": 1}', '{"step": 1, "text": 5}']
    (run / "notes.jsonl").write_text("\n".join(lines))
    content, left_out = page([read_run(run)])

    assert content.index("first") < content.index("later")
    assert len(Page(content).of("path", "mark")) == 4
    assert ["3 of 5 lines" in sentence for sentence in left_out] == [True]


def test_the_best_checkpoint_is_named_with_its_step(run: Path) -> None:
    (run / "scalars.jsonl").write_text(
        '{"step": 20, "kid": 0.5}\n{"step": 40, "kid": 0.25}\n{"step": 60, "kid": 0.3}\n'
    )
    RunFolder(run).write_state(State(step=60, best_score=0.25, ada_p=0.125))
    seen = Page(page([read_run(run)])[0])

    assert "step 40 · 0.4 kimg, distance 0.25" in seen.text
    assert "0.125 (ADA p)" in seen.text


def test_a_run_that_has_only_begun_is_shown(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", grids=(), lines=0)
    (run / "state.json").unlink()
    content, left_out = page([read_run(run)])

    assert "no grid yet" in content
    assert left_out == ()
    assert Page(content).of("div", "plot") == []


def test_what_cannot_be_read_is_left_out_by_name(run: Path) -> None:
    for step in (20, 80):
        (run / "grids" / f"{step:08d}.png").write_bytes(b"no picture")
    with (run / "scalars.jsonl").open("ab") as scalars:
        scalars.truncate(65 << 20)
    made = report([run])
    seen = Page(made.file.read_text(encoding="utf-8"))

    for name in ("00000020.png", "00000080.png", "scalars.jsonl is left out"):
        assert sum(name in sentence for sentence in made.left_out) == 1
        assert name in seen.text
    assert "step 40" in seen.text.partition("Steps")[0]  # the newest that can be read


def test_no_run_too_many_and_a_foreign_card_end_in_a_sentence(run: Path, tmp_path: Path) -> None:
    with pytest.raises(KnownError, match=r"has no run\.json"):
        report([run, tmp_path])
    with pytest.raises(KnownError, match="1 to 8 runs, not 9"):
        report([run] * 9)
    (run / "run.json").write_text('{"format": 7}')
    with pytest.raises(KnownError, match="can't be used"):
        report([run])
    assert not (run / "report.html").exists()


def test_stopping_midway_keeps_the_page_that_was_there(run: Path) -> None:
    before = report([run]).file.read_bytes()
    with (run / "scalars.jsonl").open("a") as scalars:
        scalars.write('{"step": 90, "generator_loss": 5}\n')

    def stop(fraction: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        report([run], progress=Progress(stop))
    assert (run / "report.html").read_bytes() == before
    assert not list(run.glob(".beside-*"))


def test_a_page_of_long_runs_of_large_pictures_stays_small(tmp_path: Path) -> None:
    grids = range(0, 601, 60)
    runs = [
        make_run(tmp_path / f"run{n}", grids=grids if n == 0 else (600,), side=64, lines=3000)
        for n in range(2)
    ]
    content = page([read_run(path) for path in runs])[0]

    assert len(content) < 8_000_000
    plots = len(Page(content).of("div", "plot"))
    assert len(re.sub(r"base64,[^\"]*", "", content)) < 80_000 + 60_000 * plots


def test_the_command_writes_and_says_where(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    other = make_run(tmp_path / "other")
    for words in ((run,), (run, other), (run, other, "--out", "both.html")):
        result = CliRunner().invoke(app, ["report", *map(str, words)])
        assert result.exit_code == 0, result.output
        assert "is written: open it in a browser" in " ".join(result.output.split())

    assert {path.name for path in tmp_path.glob("*.html")} == {"report.html", "both.html"}
    assert "Example: explorer-train" in CliRunner().invoke(app, ["report", "--help"]).output


def test_runs_of_one_name_are_called_by_their_folders_too() -> None:
    assert called([Path("/a/x/run"), Path("/a/y/run")]) == ["x/run", "y/run"]
    assert called([Path("/a/x"), Path("/a/y")]) == ["x", "y"]
    assert called([Path("/a/x"), Path("/a/x")]) == ["x", "x"]


@given(
    st.lists(st.sets(st.integers(0, 10**7), max_size=30).map(sorted), min_size=1, max_size=8),
    st.integers(2, 12),
)
def test_a_grid_hangs_in_one_column_at_most_and_near_its_like(
    seen: list[list[int]], count: int
) -> None:
    images = [list(map(float, each)) for each in seen]
    targets, rows = abreast(images, count)

    assert len(targets) <= count
    assert targets == sorted(set(targets))
    for row, own in zip(rows, images, strict=True):
        assert len(row) == len(targets)
        places = [place for place in row if place is not None]
        assert places == sorted(set(places))
        for place, target in zip(row, targets, strict=True):
            if place is not None:
                assert abs(math.log((own[place] + 1) / (target + 1))) <= math.log(1.5) + 1e-9
