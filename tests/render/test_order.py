import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.core.errors import KnownError
from explorer.latent.expression import Seed
from explorer.latent.seeds import parse_seeds
from explorer.models.generator import Generator, Truncation
from explorer.models.library import Library
from explorer.render.order import (
    Order,
    Plan,
    Wishes,
    at_once,
    batches,
    file_name,
    plan_recipes,
    plan_seeds,
    read_titles,
    runs,
    tidy,
)
from explorer.render.repaint import compose, paint
from explorer.upscale.stages import Stage
from explorer.upscale.upscaler import Upscalers

seeds = st.integers(0, 2**32 - 1)


@given(st.lists(st.integers(0, 30) | seeds, min_size=1, unique=True))
def test_runs_of_numbers_are_read_back_in_their_order(numbers: list[int]) -> None:
    assert parse_seeds(runs(numbers)) == numbers


@given(number=seeds, title=st.text(max_size=300))
def test_a_file_name_is_safe_everywhere_whatever_the_title(number: int, title: str) -> None:
    name = file_name(number, title)

    assert re.fullmatch(r"[0-9]{6,10}(-[a-z0-9]+)*\.png", name)
    assert int(re.split(r"[-.]", name)[0]) == number
    assert len(name) < 80


@given(st.text(max_size=400))
def test_a_tidy_title_is_one_printable_line_and_stays_so(title: str) -> None:
    once = tidy(title)

    assert once.isprintable()
    assert len(once) <= 200
    assert tidy(once) == once


def test_an_apostrophe_leaves_no_gap_in_a_file_name() -> None:
    assert file_name(12, "Someone Else’s Summer") == "000012-someone-elses-summer.png"
    assert file_name(12, "夜") == "000012.png"


@given(many=st.lists(seeds, min_size=1, max_size=200, unique=True))
def test_batches_hold_every_picture_once_and_in_order(many: list[int]) -> None:
    generator = Library([Path(__file__).parents[1] / "golden"]).open("golden-dcgan")
    plan = plan_seeds(generator, many, Wishes())

    cut = list(batches(plan.pieces, plan.generators))

    assert [piece.number for batch in cut for piece in batch] == many
    assert all(len(batch) == at_once(generator.card) for batch in cut[:-1])


def test_without_a_name_a_picture_is_called_by_its_seed(dcgan: Generator) -> None:
    plan = plan_seeds(dcgan, [3, 4, 5], Wishes(titles=["Moon Child", ""]))

    assert [piece.caption.title for piece in plan.pieces] == ["Moon Child", "Seed 4", "Seed 5"]
    files = [piece.file for piece in plan.pieces]
    assert files == ["000003-moon-child.png", "000004.png", "000005.png"]


def test_only_the_first_few_are_upscaled_and_all_come_to_the_size(dcgan: Generator) -> None:
    four, end = Stage(id="lanczos", scale=4), Stage(id="lanczos", to=(50, 50))
    wishes = Wishes(upscale=(four,), upscale_first=1, size=(end,))

    plan = plan_seeds(dcgan, [1, 2], wishes)

    assert [piece.upscale for piece in plan.pieces] == [(four, end), (end,)]


@pytest.mark.parametrize(("psi", "said"), [(1, "1"), (0.7, "0.7"), (0.0, "0"), (1.25, "1.25")])
def test_an_order_says_truncation_as_a_person_wrote_it(
    psi: float, said: str, dcgan: Generator
) -> None:
    order = plan_seeds(dcgan, [1], Wishes(truncation=Truncation(psi=psi))).order

    assert order.asked["truncation"] == said


def test_what_would_become_too_large_is_refused_before_anything_is_painted(
    dcgan: Generator,
) -> None:
    four = Stage(id="lanczos", scale=4)

    with pytest.raises(KnownError, match=r"8x8 pixels becomes too large .*lanczos, lanczos"):
        plan_seeds(dcgan, [1], Wishes(upscale=(four,) * 7))


def test_every_wish_makes_another_order(dcgan: Generator, library: Library) -> None:
    lanczos = (Stage(id="lanczos", scale=4),)
    asked = [
        plan_seeds(dcgan, [1, 2], Wishes()),
        plan_seeds(dcgan, [2, 1], Wishes()),
        plan_seeds(library.open("golden-stylegan2"), [1, 2], Wishes()),
        plan_seeds(dcgan, [1, 2], Wishes(titles=["Moon"])),
        plan_seeds(dcgan, [1, 2], Wishes(truncation=Truncation(psi=0.5))),
        plan_seeds(dcgan, [1, 2], Wishes(truncation=Truncation(psi=0.12345671))),
        plan_seeds(dcgan, [1, 2], Wishes(truncation=Truncation(psi=0.12345679))),
        plan_seeds(dcgan, [1, 2], Wishes(upscale=lanczos)),
        plan_seeds(dcgan, [1, 2], Wishes(upscale=lanczos, upscale_first=1)),
        plan_seeds(dcgan, [1, 2], Wishes(size=(Stage(id="lanczos", to=(9, 9)),))),
        plan_seeds(dcgan, [1, 2], Wishes(creator="Ada")),
        plan_seeds(dcgan, [1, 2], Wishes(rights="CC0")),
        plan_seeds(dcgan, [1, 2], Wishes(heading="Masks")),
    ]

    orders = [plan.order for plan in asked]

    assert len({order.model_dump_json() for order in orders}) == len(orders)
    assert orders[0].differs_in(plan_seeds(dcgan, [1, 2], Wishes()).order) is None
    assert all(orders[0].differs_in(other) for other in orders[1:])
    assert Order.model_validate_json(orders[3].model_dump_json()) == orders[3]


def _lines(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def recipe(dcgan: Generator, upscalers: Upscalers) -> str:
    request = compose(dcgan, Seed(seed=7), upscale=upscalers.plan("lanczos", size=(10, 10)))
    return paint(request, upscalers)[1].to_json()


def _plan(path: Path, library: Library, wishes: Wishes | None = None) -> Plan:
    return plan_recipes(path, library, wishes or Wishes())


def test_recipes_are_read_bare_and_from_a_manifest(
    recipe: str, library: Library, tmp_path: Path
) -> None:
    line = json.dumps({"file": "a.png", "title": "Old Name", "recipe": json.loads(recipe)})

    plan = _plan(_lines(tmp_path / "recipes.jsonl", recipe, line), library)

    assert [piece.file for piece in plan.pieces] == ["000001.png", "000002-old-name.png"]
    assert [piece.caption.title for piece in plan.pieces] == ["Picture 1", "Old Name"]
    assert [stage.to for stage in plan.pieces[0].upscale] == [None, (10, 10)]


def test_recipes_whose_labels_differ_in_length_are_never_painted_together(
    recipe: str, library: Library, tmp_path: Path
) -> None:
    lines = [json.dumps(json.loads(recipe) | {"label": label}) for label in ([1.0], [0.5, 0.5])]

    plan = _plan(_lines(tmp_path / "recipes.jsonl", *lines), library)

    assert [len(batch) for batch in batches(plan.pieces, plan.generators)] == [1, 1]


def test_a_new_size_takes_the_place_of_a_recipe_s_own(
    recipe: str, library: Library, tmp_path: Path
) -> None:
    wishes = Wishes(size=(Stage(id="lanczos", to=(99, 99)),))

    plan = _plan(_lines(tmp_path / "recipes.jsonl", recipe), library, wishes)

    assert [stage.to for stage in plan.pieces[0].upscale] == [None, (99, 99)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b" \n\n", b"\n\t"])
def test_recipes_are_read_as_editors_leave_them(
    end: bytes, recipe: str, library: Library, tmp_path: Path
) -> None:
    plain = _lines(tmp_path / "plain.jsonl", recipe, recipe)
    edited = tmp_path / "edited.jsonl"
    edited.write_bytes(b"\xef\xbb\xbf" + plain.read_bytes() + end)

    assert _plan(edited, library).order == _plan(plain, library).order


@pytest.mark.parametrize(
    "bad",
    ["", "{}", "[]", "nonsense", '{"recipe": 5}', '{"format": 2}', "\x00", "[" * 5000],
    ids=["empty", "no keys", "a list", "nonsense", "a number", "newer", "NUL", "deep"],
)
def test_a_line_that_is_no_recipe_is_named_before_anything_is_painted(
    bad: str, recipe: str, library: Library, tmp_path: Path
) -> None:
    path = _lines(tmp_path / "recipes.jsonl", recipe, bad, recipe)

    with pytest.raises(KnownError, match=r"recipes\.jsonl, line 2, can't be used"):
        _plan(path, library)


def test_a_line_whose_model_is_missing_is_named(
    recipe: str, library: Library, tmp_path: Path
) -> None:
    other = recipe.replace('"golden-dcgan"', '"masks-999-r9"')
    path = _lines(tmp_path / "recipes.jsonl", recipe, other)

    with pytest.raises(KnownError, match=r"line 2, .*masks-999-r9, which is not installed"):
        _plan(path, library)


def test_an_endless_line_is_refused_without_reading_it_all(
    library: Library, tmp_path: Path
) -> None:
    path = tmp_path / "recipes.jsonl"
    with path.open("wb") as file:
        file.truncate(1 << 32)  # sparse

    with pytest.raises(KnownError, match="longer than any recipe"):
        _plan(path, library)


def test_recipes_that_can_not_be_read_get_a_sentence(library: Library, tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "blank.jsonl").write_bytes(b"\xef\xbb\xbf\n\n")
    no = "holds no recipes"

    for name, what in (("gone.jsonl", "can't be read"), ("empty.jsonl", no), ("blank.jsonl", no)):
        with pytest.raises(KnownError, match=what):
            _plan(tmp_path / name, library)
    with pytest.raises(KnownError, match="can't be read"):
        _plan(tmp_path, library)


def test_titles_are_read_a_line_each_and_bad_ones_get_a_sentence(tmp_path: Path) -> None:
    good, bad = tmp_path / "names.txt", tmp_path / "bad.txt"
    good.write_bytes("\ufeffMoon Child\r\n\r\n  Ash \t Tree\x07 \n".encode())
    bad.write_bytes(b"\xff\xfe\x00")

    assert read_titles(good) == ["Moon Child", "", "Ash Tree"]
    with pytest.raises(KnownError, match="not UTF-8"):
        read_titles(bad)
    with pytest.raises(KnownError, match="can't be read"):
        read_titles(tmp_path)
