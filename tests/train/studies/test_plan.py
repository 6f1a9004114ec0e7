"""What a study varies and which pictures its cells learn from; nothing is trained here."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from explorer.core.errors import KnownError
from training.config import Settings
from training.data.card import CARD, ClassCount, read_dataset
from training.evaluation.pictures import read_labels, read_pictures
from training.studies.aliens import FOLDER, looked_at, prepared
from training.studies.plan import (
    Budget,
    Study,
    begun,
    cells,
    label,
    settings_of,
    varied,
)
from training.studies.study import asked
from training.studies.subsets import Part, chosen, held_out, mixed, write_subset

GOLDEN = Path(__file__).parents[2] / "golden"


def study(**given: object) -> Study:
    told = {
        "dataset": "suns",
        "content_sha256": "0" * 64,
        "varied": varied(["size=100,200", "loss=hinge,relativistic"]),
        "settings": Settings(batch=16),
        "budget": Budget(steps=5),
        "seeds": 2,
        "held_out": 50,
        "painted": 50,
    }
    return Study.model_validate(told | given)


def test_every_combination_has_every_seed_and_a_name_of_its_own() -> None:
    planned = cells(study())
    assert len(planned) == 8
    assert len({cell.name for cell in planned}) == 8
    assert [cell.seed for cell in planned] == [0] * 4 + [1] * 4
    assert planned[0].label == "size 100, loss hinge"
    settings = settings_of(study(), planned[-1])
    assert (settings.loss, settings.seed, settings.batch) == ("relativistic", 1, 16)


def test_values_are_read_as_their_settings_take_them() -> None:
    told = varied(["noise=0,0.25", "conditional=yes,no", "gamma=1,2.5", "Beta-1=0"])
    assert [one.name for one in told] == ["noise", "conditional", "gamma", "beta_1"]
    assert [one.values for one in told] == [(0.0, 0.25), (True, False), (1.0, 2.5), (0.0,)]
    assert varied(["batch=16"])[0].values == (16,)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("size", "says no values"),
        ("size=", "says no values"),
        ("size=few", "whole numbers from 50"),
        ("size=10", "whole numbers from 50"),
        ("size=100.5", "whole numbers"),
        ("size=100,100", "names a value twice"),
        ("noise=1.5", "the share of --aliens, numbers from 0 to 1"),
        ("noise=yes", "the share of --aliens"),
        (f"batch={','.join(map(str, range(2, 53)))}", "has 51 values and may have 50"),
        ("resolution=2", "from 16"),
        ("colour=red", "nothing that can be varied: choose from size, noise"),
        ("__class__=1", "nothing that can be varied"),
        ("loss=magic", "--vary loss=magic can't be"),
        ("width=-1", "--vary width=-1 can't be"),
        ("learning_rate=nan", "can't be"),
        ("seed=1,2", "varied by --seeds"),
        ("preset=quick", "A preset can't be varied"),
        ("preset=slow", "is none of"),
    ],
)
def test_what_cannot_be_varied_is_one_sentence(text: str, says: str) -> None:
    with pytest.raises(KnownError, match=says):
        varied([text])


def test_a_name_said_twice_or_too_many_cells_is_one_sentence() -> None:
    with pytest.raises(KnownError, match="was said twice"):
        varied(["size=100", "size=200"])
    many = varied([f"size={','.join(str(n) for n in range(100, 121))}"])
    with pytest.raises(KnownError, match="has 210 runs and may have 200"):
        cells(study(varied=many, seeds=10))


def test_five_things_at_once_are_one_sentence() -> None:
    texts = ["size=50", "batch=8,16", "loss=hinge", "flip=yes", "ema=0.9"]
    assert len(study(varied=varied(texts[:4])).varied) == 4
    with pytest.raises(KnownError, match="varies 4 things at most, and size, batch, loss, flip"):
        varied(texts)


def test_a_label_says_a_number_as_it_was_asked_for() -> None:
    assert label({"noise": 0.0, "learning_rate": 2e-05}) == "noise 0, learning rate 2e-05"


def test_settings_that_do_not_go_together_name_the_value() -> None:
    told = study(varied=varied(["kernel=3,7"]))
    with pytest.raises(KnownError, match="--vary kernel=9"):
        settings_of(told, cells(told)[0].model_copy(update={"values": {"kernel": 9}}))


@given(st.integers(60, 400), st.integers(0, 3))
def test_subsets_are_nested_and_never_held_out(count: int, seed: int) -> None:
    none = np.zeros(count, np.int64)
    held = held_out(none, 50)
    large, small = (chosen(none, 50, size, seed) for size in (count - 50, (count - 50) // 2))
    assert len(set(held)) == 50
    assert len(set(large)) == count - 50
    assert not set(large) & set(held)
    assert set(small) <= set(large)
    assert np.array_equal(small, chosen(none, 50, len(small), seed))


@given(
    st.lists(st.integers(1, 60), min_size=2, max_size=6).filter(lambda each: sum(each) >= 60),
    st.integers(0, 3),
    st.data(),
)
def test_every_class_is_in_a_subset_with_its_share(
    counts: list[int], seed: int, data: st.DataObject
) -> None:
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    held = held_out(labels, 50)
    assert len(set(held)) == 50
    most = len(labels) - 50
    size = data.draw(st.integers(len(counts), most) if most >= len(counts) else st.just(most))
    few, all_ = chosen(labels, 50, size, seed), chosen(labels, 50, most, seed)
    assert len(few) == size
    assert set(few) <= set(all_)
    assert not set(all_) & set(held)
    if most < len(counts):
        return
    there = np.bincount(labels[few], minlength=len(counts))
    assert there.all()
    share = np.bincount(labels[all_], minlength=len(counts)) * size / most
    assert (np.abs(there - share) <= len(counts)).all()


@given(st.integers(10, 200), st.floats(0, 1), st.integers(0, 3))
def test_more_noise_replaces_more_of_the_same(count: int, noise: float, seed: int) -> None:
    places = np.arange(0, 3 * count, 3)
    stay, strange = mixed(places, 500, noise, seed)
    assert len(stay) + len(strange) == count
    assert len(strange) == round(noise * count)
    half_stay, half_strange = mixed(places, 500, noise / 2, seed)
    assert set(stay) <= set(half_stay) <= set(places)
    assert set(half_strange) <= set(strange)


def test_too_few_aliens_are_one_sentence() -> None:
    with pytest.raises(KnownError, match="needs 50 alien ones, and --aliens has 20"):
        mixed(np.arange(100), 20, 0.5, 0)


def suns(folder: Path, count: int, side: int = 8) -> Path:
    card = read_dataset(GOLDEN / "dataset")
    part = Part(GOLDEN / "dataset", card, np.arange(count) % card.count)
    write_subset([part], folder, name="suns", side=side)
    return folder


def test_a_subset_is_a_dataset_of_the_very_same_pictures(tmp_path: Path) -> None:
    card = read_dataset(suns(tmp_path / "a", 20))
    assert [(one.name, one.count) for one in card.classes] == [("moon", 11), ("sun", 9)]
    assert np.bincount(read_labels(tmp_path / "a", card)).tolist() == [11, 9]
    places = np.array([3, 7, 11])
    write_subset([Part(tmp_path / "a", card, places)], tmp_path / "b", name="few", side=8)
    small = read_dataset(tmp_path / "b")
    (theirs,) = read_pictures(tmp_path / "a", card, places)
    (ours,) = read_pictures(tmp_path / "b", small, np.arange(3))
    assert np.array_equal(ours.pixels, theirs.pixels)
    assert (tmp_path / "b" / "pictures.csv").read_text().count("\n") == 4


def test_aliens_and_another_resolution_leave_no_classes(tmp_path: Path) -> None:
    card = read_dataset(suns(tmp_path / "a", 20))
    strange = read_dataset(suns(tmp_path / "b", 10, side=16))
    parts = [
        Part(tmp_path / "a", card, np.arange(5)),
        Part(tmp_path / "b", strange, np.arange(3)),
    ]
    write_subset(parts, tmp_path / "c", name="mixed", side=4)
    mixed_ = read_dataset(tmp_path / "c")
    assert (mixed_.count, mixed_.height, mixed_.classes) == (8, 4, ())


def test_padding_becomes_smaller_with_its_pictures(tmp_path: Path) -> None:
    folder = suns(tmp_path / "a", 4, side=32)
    told = json.loads((folder / "dataset.json").read_bytes())
    told |= {"fit": "pad", "padding": "32x24+0+4 on #ffffff"}
    (folder / "dataset.json").write_text(json.dumps(told))
    part = Part(folder, read_dataset(folder), np.arange(4))
    write_subset([part], tmp_path / "b", name="half", side=16)
    assert read_dataset(tmp_path / "b").padding == "16x12+0+2 on #ffffff"


def plan(dataset: Path, *texts: str, **given: object) -> Study:
    told = {"settings": Settings(batch=16), "budget": Budget(steps=2)} | given
    return asked(dataset, varied(texts), **told)  # type: ignore[arg-type]  # of a test


def test_what_can_be_known_before_a_night_is_spent_is_said_at_once(tmp_path: Path) -> None:
    many, few = suns(tmp_path / "many", 300, side=32), suns(tmp_path / "few", 200)
    assert plan(many, "size=60,240").held_out == 60
    odd = suns(tmp_path / "odd", 300, side=20)
    plain = Part(many, read_dataset(many), np.arange(300))
    write_subset([plain, plain], tmp_path / "classless", name="suns", side=32)
    (tmp_path / "empty").mkdir()
    conditional = Settings(batch=16, conditional=True)
    for texts, given_, says in (
        (["size=60"], {"budget": Budget()}, "--steps or --minutes"),
        (["size=260"], {}, "has 300 pictures, of which 60 are held out, so at most 240"),
        (["resolution=64"], {}, "more than the 32 pixels"),
        (["resolution=32,16"], {}, "resolution=16 can't be: A DCGAN paints 28, 32, 64"),
        (
            ["resolution=28", "architecture=dcgan,stylegan2"],
            {},
            "resolution=28 can't be: A StyleGAN2 paints 32",
        ),
        (["noise=0,0.5"], {}, "StyleGAN2's setting of that name can't be varied"),
        (["noise=0,0.5"], {"aliens": tmp_path / "nowhere"}, "nowhere is not there"),
        (["noise=0,0.5"], {"aliens": tmp_path / "empty"}, "holds no picture"),
        (["noise=0,0.5"], {"aliens": many}, "holds the very pictures of suns"),
        (
            ["noise=0,0.9", "size=60,230"],
            {"aliens": few},
            "0.9 in 230 pictures needs 207 alien ones, and --aliens has 200",
        ),
        (["size=60"], {"held": 100_000}, "suns has 300 pictures, so hold at most 250 out"),
        (["size=60"], {"aliens": few}, "--aliens is only looked at with --vary noise"),
        (["size=60"], {"settings": Settings(batch=64)}, "60 pictures are fewer than a batch of 64"),
        (
            ["noise=0.5"],
            {"aliens": few, "settings": conditional},
            "Alien pictures have no class",
        ),
    ):
        with pytest.raises(KnownError, match=says):
            plan(many, *texts, **given_)
    with pytest.raises(KnownError, match="too few to hold 50 of them out"):
        plan(few, "size=60")
    with pytest.raises(KnownError, match=r"A DCGAN paints .* px, not 20: prepare"):
        plan(odd, "size=60")
    with pytest.raises(KnownError, match="suns has no classes to learn apart"):
        plan(tmp_path / "classless", "conditional=no,yes")
    assert plan(many, "size=60", settings=conditional).settings.conditional
    with pytest.raises(KnownError, match="is not a dataset"):
        plan(tmp_path, "size=60")


def pictures(folder: Path, count: int) -> Path:
    folder.mkdir()
    for n in range(count):
        Image.new("RGB", (8, 8), (n, 0, 0)).save(folder / f"{n}.png")
    return folder


def test_aliens_are_those_that_the_study_began_with(tmp_path: Path) -> None:
    many, out = suns(tmp_path / "many", 300, side=32), tmp_path / "study"
    ours, others = pictures(tmp_path / "a", 20), pictures(tmp_path / "b", 21)
    asks = plan(many, "noise=0,0.05", "size=100", aliens=ours)
    assert not out.exists()
    begun(out, asks)
    there = prepared(ours, many, out)
    assert (there, read_dataset(there).count) == (out / FOLDER, 20)
    assert begun(out, plan(many, "noise=0,0.05", "size=100", aliens=ours)) == asks
    with pytest.raises(KnownError, match="holds a study with other aliens"):
        begun(out, plan(many, "noise=0,0.05", "size=100", aliens=others))
    assert looked_at(there).sha256 == read_dataset(there).content_sha256
    assert prepared(there, many, tmp_path / "nowhere") == there


def test_too_few_aliens_leave_nothing_behind(tmp_path: Path) -> None:
    many, few = suns(tmp_path / "many", 300, side=32), pictures(tmp_path / "few", 3)
    with pytest.raises(KnownError, match="needs 5 alien ones, and --aliens has 3"):
        plan(many, "noise=0,0.05", "size=100", aliens=few)
    user = pictures(tmp_path / "theirs", 1)
    with pytest.raises(KnownError, match="holds other files and no study"):
        begun(user, study())
    assert [path.name for path in user.iterdir()] == ["0.png"]


def test_more_classes_than_a_size_shows_are_refused(tmp_path: Path) -> None:
    card = read_dataset(suns(tmp_path / "sixty", 300, side=32))
    classes = tuple(ClassCount(name=f"{n:02d}", count=5) for n in range(60))
    told = card.model_copy(update={"classes": classes}).model_dump_json()
    (tmp_path / "sixty" / CARD).write_text(told)
    conditional = Settings(batch=16, conditional=True)
    assert plan(tmp_path / "sixty", "size=60,100", settings=conditional).seeds == 2
    with pytest.raises(KnownError, match="50 pictures can't show the 60 classes"):
        plan(tmp_path / "sixty", "size=50,100", settings=conditional)


def test_a_folder_that_asks_something_else_is_refused_by_name(tmp_path: Path) -> None:
    out = tmp_path / "study"
    first = study()
    assert begun(out, first) == first
    assert begun(out, first.model_copy(update={"software": "masquerade 9"})) == first
    for change, says in (
        ({"seeds": 3}, "other seeds"),
        ({"budget": Budget(steps=6)}, "other --steps or --minutes"),
        ({"varied": varied(["size=100"])}, "other values of --vary"),
        ({"content_sha256": "1" * 64}, "other pictures"),
    ):
        with pytest.raises(KnownError, match=says):
            begun(out, first.model_copy(update=change))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("dear")
    with pytest.raises(KnownError, match="holds other files and no study"):
        begun(tmp_path / "other", first)
    (out / "study.json").write_text('{"format": 1}')
    with pytest.raises(KnownError, match=r"study\.json can't be used"):
        begun(out, first)
