"""What curation is made of, part by part."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from explorer.core.errors import KnownError
from training.curation.cache import MINI, ROW, Cache, digest
from training.curation.duplicates import UNLIKE, clusters, compared, exact_duplicates
from training.curation.measure import MEASURES, measure
from training.curation.neighbours import alike_hashes, as_pairs, nearest
from training.curation.quality import far
from training.curation.wanted import FEWEST, sort_by

for module in ("cv2", "imagehash", "sklearn"):
    pytest.importorskip(module, reason="needs the extra `data`")

Picture = Callable[[int], Image.Image]


def mini(image: Image.Image) -> np.ndarray:
    small = image.convert("RGB").resize((MINI, MINI), Image.Resampling.BOX)
    return np.asarray(small)


def measured(image: Image.Image) -> dict[str, float]:
    return dict(zip(MEASURES, measure(image).tolist(), strict=True))


def rows(contents: list[bytes]) -> np.ndarray:
    made = np.zeros(len(contents), ROW)
    for row, content in zip(made, contents, strict=True):
        row["content"] = np.void(digest(content))
        row["width"] = len(content)
    return made


@given(st.lists(st.binary(max_size=20), unique=True, max_size=40), st.integers(1, 7), st.data())
@settings(max_examples=30)
def test_what_was_seen_is_remembered_in_any_order(
    tmp_path_factory: pytest.TempPathFactory, contents: list[bytes], step: int, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("cache") / "seen.bin"
    for start in range(0, len(contents), step):
        Cache(path, extractor="a").add(rows(contents[start : start + step]))
    cache = Cache(path, extractor="a")
    asked = data.draw(st.lists(st.sampled_from(contents), max_size=30)) if contents else []
    found: dict[int, int] = {}
    for which, answer in cache.rows([digest(each) for each in asked]):
        found |= dict(zip(which.tolist(), answer["width"].tolist(), strict=True))
    assert found == {n: len(each) for n, each in enumerate(asked)}


@given(st.integers(0, 3 * ROW.itemsize + 700))
@settings(max_examples=30)
def test_a_cache_that_was_cut_off_keeps_its_whole_rows(
    tmp_path_factory: pytest.TempPathFactory, length: int
) -> None:
    path = tmp_path_factory.mktemp("cache") / "seen.bin"
    contents = [b"a", b"bb", b"ccc"]
    Cache(path, extractor="a").add(rows(contents))
    whole = path.read_bytes()
    path.write_bytes(whole[:length])
    cache = Cache(path, extractor="a")
    kept = [each for each in contents if digest(each) in cache]
    head = len(whole) - 3 * ROW.itemsize
    assert kept == contents[: max(0, length - head) // ROW.itemsize]
    cache.add(rows([b"dddd"]))
    assert digest(b"dddd") in Cache(path, extractor="a")


def test_features_of_another_extractor_are_thrown_away(tmp_path: Path) -> None:
    Cache(tmp_path / "seen.bin", extractor="a").add(rows([b"a"]))
    assert digest(b"a") in Cache(tmp_path / "seen.bin", extractor="a")
    assert digest(b"a") not in Cache(tmp_path / "seen.bin", extractor="b")
    (tmp_path / "seen.bin").write_bytes(b"something else\n" * 100)
    assert digest(b"a") not in Cache(tmp_path / "seen.bin", extractor="a")


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from(["L", "RGB"]), st.integers(0, 255))
def test_pictures_of_any_size_can_be_measured(
    width: int, height: int, mode: str, shade: int
) -> None:
    found = measure(Image.new("L", (width, height), shade).convert(mode))
    assert np.isfinite(found).all()
    assert found[MEASURES.index("middle")] == pytest.approx(shade / 255, abs=0.01)


def test_measures_tell_what_they_are_named_for(photographs: Picture, drawings: Picture) -> None:
    for seed in range(5):
        plain = measured(photographs(seed))
        soft = measured(photographs(seed).filter(ImageFilter.GaussianBlur(3)))
        drawn = measured(drawings(seed))
        assert soft["blur"] > plain["blur"] + 0.2
        assert drawn["soft"] < 0.5 < plain["soft"]
        assert drawn["few"] > plain["few"]
        assert drawn["bits"] < plain["bits"]


def spoilt(image: Image.Image) -> dict[str, Image.Image]:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=50)
    width, height = image.size
    inner = (round(0.04 * width), round(0.03 * height), round(0.96 * width), round(0.95 * height))
    return {
        "jpeg": Image.open(io.BytesIO(file.getvalue()), formats=["JPEG"]),
        "crop": image.crop(inner),
        "bright": ImageEnhance.Brightness(image).enhance(1.2),
        "smaller": image.resize((width // 2, height // 2), Image.Resampling.BICUBIC),
        "larger": image.resize((width * 2, height * 2), Image.Resampling.BICUBIC),
    }


def test_a_picture_is_known_again_in_another_form(photographs: Picture) -> None:
    for seed in range(4):
        image = photographs(seed)
        for how, other in spoilt(image).items():
            assert compared(mini(image), mini(other)) < UNLIKE, (seed, how)
            assert compared(mini(other), mini(image)) < UNLIKE, (seed, how)
        assert compared(mini(image), mini(image)) < 0.01
        mirrored = mini(ImageOps.mirror(image))
        assert compared(mini(image), mirrored) > UNLIKE
        assert compared(mini(image), mirrored[:, ::-1]) < 0.01
        assert compared(mini(image), mini(photographs(seed + 100))) > UNLIKE


def test_a_picture_with_another_detail_or_colour_is_another_picture(photographs: Picture) -> None:
    image = photographs(1)
    changed = image.copy()
    changed.paste((255, 255, 255), (38, 38, 58, 52))
    assert compared(mini(image), mini(changed)) > UNLIKE
    red, green, blue = image.split()
    assert compared(mini(image), mini(Image.merge("RGB", (blue, red, green)))) > UNLIKE


def test_even_pictures_are_alike_only_in_one_colour() -> None:
    grey, same, other = (
        mini(Image.new("RGB", (9, 9), colour))
        for colour in ((90, 90, 90), (91, 90, 90), (90, 160, 90))
    )
    assert compared(grey, same) < UNLIKE < compared(grey, other)


@given(
    st.dictionaries(st.integers(0, 14), st.sets(st.integers(0, 14), max_size=6), max_size=15),
    st.permutations(range(15)),
)
def test_whoever_is_left_out_lies_next_to_one_that_is_kept(
    drawn: dict[int, set[int]], order: list[int]
) -> None:
    links: dict[int, dict[int, bool]] = {n: {} for n in range(15)}
    for a, others in drawn.items():
        for b in others - {a}:
            links[a][b] = links[b][a] = False
    found = clusters(links, order)
    members = [n for each in found for n in (each.kept, *each.others)]
    assert len(members) == len(set(members))
    kept = set(range(15)) - {n for each in found for n in each.others}
    for each in found:
        assert each.kept in kept
        assert all(other in links[each.kept] for other in each.others)
        assert all(order.index(each.kept) < order.index(other) for other in each.others)
    assert not any(b in kept for a in kept for b in links[a])  # one of two is always enough


def test_equal_pixels_make_a_group_and_the_first_stays() -> None:
    found = exact_duplicates([b"a", b"b", b"a", b"c", b"b", b"a"], [5, 4, 3, 2, 1, 0])
    assert [(each.kept, each.others) for each in found] == [(5, (2, 0)), (4, (1,))]


@given(st.integers(1, 30), st.integers(1, 9), st.integers(0, 9))
def test_the_nearest_are_the_nearest(n: int, count: int, seed: int) -> None:
    features = np.random.default_rng(seed).normal(size=(n, 5)).astype(np.float32)
    places, distances = nearest(features, count)
    assert places.shape == distances.shape == (n, min(count, n - 1))
    between = np.linalg.norm(features[:, None] - features, axis=2)
    np.fill_diagonal(between, np.inf)
    expected = np.sort(between, axis=1)[:, : places.shape[1]]
    assert np.allclose(distances, expected, atol=1e-5)
    assert all(place not in row for place, row in enumerate(places.tolist()))
    assert len(as_pairs(places)) <= places.size


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=20), st.integers(0, 64))
def test_hashes_that_differ_in_few_bits_are_found(numbers: list[int], most: int) -> None:
    hashes = np.array([numbers, numbers[::-1]], np.uint64).T
    plain, mirrored = alike_hashes(hashes, most, count=len(numbers))
    few, _ = alike_hashes(hashes, most, count=1)
    assert set(map(tuple, few.tolist())) <= set(map(tuple, plain.tolist()))
    assert len(set(few[:, 0].tolist())) == len(few)
    for pairs, column in ((plain, 0), (mirrored, 1)):
        expected = {
            (a, b)
            for a in range(len(numbers))
            for b in range(a + 1, len(numbers))
            if (int(hashes[a, 0]) ^ int(hashes[b, column])).bit_count() <= most
        }
        assert set(map(tuple, pairs.tolist())) == expected


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=50))
def test_how_far_is_finite_and_keeps_the_order(values: list[float]) -> None:
    found = far(np.array(values))
    assert np.isfinite(found).all()
    order = np.argsort(values, kind="stable")
    assert (np.diff(found[order]) >= 0).all()


def two_kinds(n: int, apart: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    wanted = rng.random(n) < 0.6
    features = rng.normal(size=(n, 12))
    features[:, 0] += apart * wanted
    return features.astype(np.float32), wanted


def test_a_few_marks_sort_the_rest_with_probabilities_that_can_be_trusted() -> None:
    features, wanted = two_kinds(4000, apart=3.0)
    found = sort_by(features, {n: bool(wanted[n]) for n in range(120)})
    likely, true = found.wanted[120:], wanted[120:]
    assert ((likely >= 0.5) == true).mean() > 0.85  # the best possible is 0.93
    for low in (0.2, 0.4, 0.6, 0.8):
        some = (likely >= low) & (likely < low + 0.2)
        assert abs(true[some].mean() - likely[some].mean()) < 0.22
    kept = likely >= 0.5
    assert found.precision.low - 0.08 <= true[kept].mean() <= found.precision.high + 0.08
    assert found.recall.low - 0.08 <= kept[true].mean() <= found.recall.high + 0.08
    assert found.precision.low <= found.precision.value <= found.precision.high
    asked = found.uncertain(10)
    assert not set(asked) & set(range(120))
    assert np.abs(found.wanted[asked] - 0.5).max() <= np.abs(likely - 0.5)[10:].max()


def test_the_same_marks_sort_the_same() -> None:
    features, wanted = two_kinds(300, apart=1.0)
    marks = {n: bool(wanted[n]) for n in range(60)}
    first, second = sort_by(features, marks), sort_by(features, dict(reversed(marks.items())))
    assert np.array_equal(first.wanted, second.wanted)
    assert first.precision == second.precision


@pytest.mark.parametrize(
    ("yes", "no"), [(0, 0), (40, 0), (0, 40), (36, 4), (10, FEWEST - 11), (1, 1)]
)
def test_too_few_marks_or_one_kind_only_is_said(yes: int, no: int) -> None:
    features, _ = two_kinds(100, apart=1.0)
    with pytest.raises(KnownError, match=f"{yes} wanted and {no} unwanted"):
        sort_by(features, {n: n < yes for n in range(yes + no)})
