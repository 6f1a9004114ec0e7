"""The page and the answers of a study whose results are known; nothing is trained here."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from explorer.core.errors import KnownError
from training.config import Settings
from training.evaluation.told import Figure, Memory, Nearness
from training.studies.answers import answers
from training.studies.page import write
from training.studies.plan import Budget, Cell, Study, begun, cells, varied
from training.studies.work import RESULT, Result, cell_folder


def figure(value: float) -> Figure:
    return Figure(value=value, low=value, high=value)


def result(cell: Cell, kid: float, nearer: float = 0.5) -> Result:
    near = Nearness(ratio=1.0, percentile=0.5, nearer=nearer)
    names = ("precision", "recall", "coverage", "distinct", "density", "diversity", "frechet")
    return Result(
        cell=cell,
        pictures=100,
        side=8,
        step=5,
        images_seen=80,
        seconds=60.0 * (1 + cell.seed),
        figures={"kid": figure(kid), **{name: figure(1 - kid) for name in names}},
        kinds=10,
        memory=Memory(
            searched=100,
            blur=0.4,
            reference="held-out",
            threshold=0.01,
            copied=figure(0.02),
            caught=0.9,
            shape=near,
            colour=near,
            both=near,
            nearest=(),
        ),
        coverage={"material": 0.8},
    )


@pytest.fixture
def study() -> Study:
    return Study(
        dataset="<b>suns</b>",
        content_sha256="0" * 64,
        varied=varied(["size=100,200,400"]),
        settings=Settings(batch=16),
        budget=Budget(steps=5),
        seeds=2,
        held_out=50,
        painted=50,
    )


def test_a_difference_counts_only_if_it_is_larger_than_between_seeds(study: Study) -> None:
    kids = {100: (0.9, 0.8), 200: (0.5, 0.4), 400: (0.44, 0.5)}
    results = [result(c, kids[int(c.values["size"])][c.seed]) for c in cells(study)]
    said = dict(answers(study, results))
    much = said["How much data is enough?"]
    assert "From 100 to 200 the kernel distance falls from 0.850 to 0.450, and" in much
    assert "From 200 to 400 the kernel distance rises" in much
    assert "no more than seeds differ" in much
    assert "more pictures would hardly help" in much


def test_what_is_learned_by_heart_is_told(study: Study) -> None:
    near = {100: 0.9, 200: 0.6, 400: 0.5}
    results = [result(c, 0.5, near[int(c.values["size"])]) for c in cells(study)]
    assert "with 100 pictures it does" in dict(answers(study, results))["Does it learn by heart?"]


def test_one_seed_or_no_result_claims_nothing(study: Study) -> None:
    assert answers(study, []) == []
    results = [result(c, 0.001 * int(c.values["size"])) for c in cells(study) if c.seed == 0]
    said = dict(answers(study, results))["How much data is enough?"]
    assert "no more than seeds differ" in said
    assert "would" not in said


def test_runs_that_learned_nothing_are_said_to_answer_nothing(study: Study) -> None:
    said = answers(study, [result(c, 0.99) for c in cells(study)])
    assert said[0][0] == "Was the budget enough?"
    assert "would" not in dict(said)["How much data is enough?"]


def test_what_looks_the_same_is_not_said_to_move(study: Study) -> None:
    results = [result(c, 0.0001 * (1 + cells(study).index(c))) for c in cells(study)]
    said = dict(answers(study, results))["How much data is enough?"]
    assert "and coverage stays at 1.000." in said
    assert "1.000 to 1.000" not in said


def test_the_page_shows_what_is_done_and_says_what_is_not(
    study: Study, tmp_path: Path, tab: Any
) -> None:
    begun(tmp_path, study)
    planned = cells(study)
    for cell in planned[:4]:
        folder = cell_folder(tmp_path, cell)
        (folder / "run" / "grids").mkdir(parents=True)
        noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
        Image.fromarray(noise).save(folder / "run" / "grids" / "00000005.png")
        (folder / RESULT).write_text(result(cell, 0.5).model_dump_json())
    torn = cell_folder(tmp_path, planned[3]) / "run" / "grids" / "00000005.png"
    torn.write_bytes(torn.read_bytes()[:90])
    folder = cell_folder(tmp_path, planned[4])
    folder.mkdir(parents=True)
    (folder / "failed.txt").write_text("it diverged & <i>ended</i>")
    html = write(tmp_path).read_text()
    assert html.count("<img") == 3
    assert " 1 failed, and 1 is not done yet.<" in html
    assert html.count("not there yet") == 1 + 1  # to do, and the torn grid
    assert html.count('<div class="none">failed</div>') == 1
    assert "<td>failed</td>" in html  # a sentence there would push the figures off the page
    assert "seed 1</b> failed: it diverged &amp; &lt;i&gt;ended&lt;/i&gt;" in html
    assert "<b>suns" not in html
    assert "<script" not in html
    assert html.count("<svg") == 7
    tab.find_sound(write(tmp_path))


def test_a_folder_that_is_no_study_has_no_page(tmp_path: Path) -> None:
    with pytest.raises(KnownError, match="is no study"):
        write(tmp_path)


def test_a_torn_result_is_one_sentence(study: Study, tmp_path: Path) -> None:
    begun(tmp_path, study)
    folder = cell_folder(tmp_path, cells(study)[0])
    folder.mkdir(parents=True)
    (folder / RESULT).write_text('{"cell":')
    with pytest.raises(KnownError, match=r"result\.json can't be used"):
        write(tmp_path)
