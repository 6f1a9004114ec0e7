"""Several sources in one dataset, and what makes classes of them."""

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis.strategies import integers, lists, sampled_from

from explorer.core.errors import KnownError
from training.data.prepare import prepare
from training.data.sources.several import Part, joined, prefixes
from training.data.sources.source import Picture, Pictures, Source

from .pictures import filled, png, rows


def classes(dataset: Path) -> dict[str, str]:
    return {row["file"]: row["class"] for row in rows(dataset)}


def test_each_source_is_a_class_called_as_it_is(tmp_path: Path) -> None:
    cats = filled(tmp_path / "cats", {"1.png": png(1), "deep/2.png": png(2)})
    np.save(tmp_path / "dogs.npy", np.arange(2 * 64, dtype=np.uint8).reshape(2, 8, 8))
    card = prepare([cats, tmp_path / "dogs.npy"], tmp_path / "out", size=8)
    assert card.name == "out"
    assert [(one.name, one.count) for one in card.classes] == [("cats", 2), ("dogs", 2)]
    assert classes(tmp_path / "out") == {
        "cats/1.png": "cats",
        "cats/deep/2.png": "cats",
        "dogs/dogs.npy#0": "dogs",
        "dogs/dogs.npy#1": "dogs",
    }
    assert card.prepared is not None
    assert card.prepared.sources == ("cats", "dogs")


def test_sources_called_alike_are_one_class_and_lose_nothing(tmp_path: Path) -> None:
    here = filled(tmp_path / "here" / "cats", {"1.png": png(1)})
    there = filled(tmp_path / "there" / "cats", {"1.png": png(2)})
    dogs = filled(tmp_path / "d", {"1.png": png(3)})
    prepare([here, there, Path(f"dogs={dogs}")], tmp_path / "out", size=8)
    kinds = {"cats/1.png": "cats", "cats-2/1.png": "cats", "dogs/1.png": "dogs"}
    assert classes(tmp_path / "out") == kinds


def test_no_sources_files_lie_in_a_folder_called_as_another_class(tmp_path: Path) -> None:
    for where in ("x/art", "y/art", "z/art-2"):
        filled(tmp_path / where, {"1.png": png(len(where))})
    sources = [tmp_path / "x/art", tmp_path / "y/art", tmp_path / "z/art-2"]
    prepare(sources, tmp_path / "out", size=8)
    kinds = {"art/1.png": "art", "art-3/1.png": "art", "art-2/1.png": "art-2"}
    assert classes(tmp_path / "out") == kinds


@given(names=lists(sampled_from(["a", "a-2", "a-3", "a-2-2", "b"]), min_size=1, max_size=8))
def test_every_source_has_a_folder_of_its_own(names: list[str]) -> None:
    found = prefixes(names)
    assert len(set(found)) == len(names)
    if len(names) > 1:
        for name, prefix in zip(names, found, strict=True):
            assert prefix == f"{name}/" or prefix.removesuffix("/") not in names


@given(counts=lists(integers(0, 3), min_size=1, max_size=5))
def test_pictures_of_several_sources_come_one_after_another(counts: list[int]) -> None:
    def source(of: int, count: int) -> Source:
        return Source(Pictures(count, lambda n: Picture(f"{n}", lambda: b"%d" % of)))

    parts = [Part(f"{of}", f"{of}/", source(of, count)) for of, count in enumerate(counts)]
    found = joined(parts, "", ()).pictures
    files = [f"{of}/{n}" for of, count in enumerate(counts) for n in range(count)]
    assert [one.file for one in found] == files
    assert [one.load() for one in found] == [file.split("/")[0].encode() for file in files]
    assert [one.file for one in found[1:-1]] == files[1:-1]
    with pytest.raises(IndexError):
        found[len(files)]


@pytest.mark.parametrize("name", ["..", ".", "a/b", "/", "\\", "..\\a", "c:"])
def test_a_name_that_does_not_do_for_a_folder_is_refused_in_one_sentence(
    tmp_path: Path, name: str
) -> None:
    source = filled(tmp_path / "s", {"a.png": png(1)})
    with pytest.raises(KnownError, match="does not do for the name of a source") as refused:
        prepare([Path(f"{name}={source}"), source], tmp_path / "out", size=8)
    assert "\n" not in str(refused.value)


@pytest.mark.skipif(os.name == "nt", reason="Windows allows no such names")
def test_what_lies_on_disk_by_such_a_name_is_called_plainly(tmp_path: Path) -> None:
    sources = [filled(tmp_path / name, {"1.png": png(1)}) for name in ("a\\b", "c:d")]
    (tmp_path / "...zip").write_bytes(b"")
    with zipfile.ZipFile(tmp_path / "...zip", "w") as archive:
        archive.writestr("1.png", png(2))
    prepare([*sources, tmp_path / "...zip"], tmp_path / "out", size=8)
    kinds = {"a_b/1.png": "a_b", "c_d/1.png": "c_d", "_/1.png": "_"}
    assert classes(tmp_path / "out") == kinds


def test_folders_inside_several_sources_can_be_the_classes(tmp_path: Path) -> None:
    one = filled(tmp_path / "one", {"sun/1.png": png(1), "moon/2.png": png(2)})
    two = filled(tmp_path / "two", {"moon/3.png": png(3), "star/4.png": png(4)})
    loose = filled(tmp_path / "loose", {"5.png": png(5)})
    card = prepare([one, two, loose], tmp_path / "out", size=8, classes="folders")
    counts = [(each.name, each.count) for each in card.classes]
    assert counts == [("moon", 2), ("star", 1), ("sun", 1), ("unsorted", 1)]


def test_one_source_can_do_without_classes(tmp_path: Path) -> None:
    source = filled(tmp_path / "s", {"sun/1.png": png(1), "moon/2.png": png(2)})
    assert prepare(source, tmp_path / "out", size=8, classes="none").classes == ()


def test_a_source_without_a_picture_is_no_class(tmp_path: Path) -> None:
    good = filled(tmp_path / "good", {"1.png": png(1)})
    fair = filled(tmp_path / "fair", {"1.png": png(1)})
    bad = filled(tmp_path / "bad", {"1.png": b"no"})
    card = prepare([good, bad, fair], tmp_path / "out", size=8)
    assert [one.name for one in card.classes] == ["fair", "good"]
    assert [one.file for one in card.skipped] == ["bad/1.png"]


def test_tables_and_licences_of_each_source_stay_with_its_pictures(tmp_path: Path) -> None:
    one = {"a.png": png(1), "LICENCE": b"CC0-1.0\n", "pictures.csv": b"file,wood\na.png,oak\n"}
    two = {"b.png": png(2), "CREDITS": b"Ada\n", "pictures.csv": b"file,age\nb.png,old\n"}
    sources = [filled(tmp_path / "one", one), filled(tmp_path / "two", two)]
    card = prepare(sources, tmp_path / "out", size=8)
    first, second = rows(tmp_path / "out")
    assert (first["licence"], first["wood"], first["age"]) == ("CC0-1.0", "oak", "")
    assert (second["author"], second["licence"], second["age"]) == ("Ada", "", "old")
    assert card.licence == "CC0-1.0; not stated for 1 of 2 pictures"
    assert "Ada" in card.credits

    told = prepare(sources, tmp_path / "told", size=8, licence="CC-BY-4.0", credits=["Bob"])
    assert (told.licence, told.credits) == ("CC-BY-4.0", ("Bob",))


def test_a_folder_is_not_named_twice_and_nothing_is_written_into_it(tmp_path: Path) -> None:
    source = filled(tmp_path / "s", {"a.png": png(1)})
    other = filled(tmp_path / "t", {"a.png": png(1)})
    with pytest.raises(KnownError, match="is named twice"):
        prepare([source, tmp_path / "t" / ".." / "s"], tmp_path / "out", size=8)
    with pytest.raises(KnownError, match="lies inside"):
        prepare([other, source], source / "out", size=8)
    with pytest.raises(KnownError, match="needs a source"):
        prepare([], tmp_path / "out", size=8)
