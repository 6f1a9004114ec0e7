"""Decisions of a person: read, written, and what `prepare` makes of them."""

from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis.strategies import dictionaries, sampled_from, text, tuples

from explorer.core.errors import KnownError
from training.data.decisions import Decision, read_decisions, write_decisions
from training.data.prepare import prepare

from .pictures import filled, png, rows

names = text("ab/c é,\"'\n#-", min_size=1, max_size=9).filter(
    lambda name: name == name.strip("/ \n") and "//" not in name
)


@settings(max_examples=30)
@given(said=dictionaries(names, tuples(sampled_from(["keep", "reject"]), sampled_from(["", "x"]))))
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, said: dict[str, tuple[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("d") / "decisions.csv"
    wanted = {f: Decision(f, d, c) for f, (d, c) in said.items()}  # type: ignore[arg-type]  # drawn
    write_decisions(path, wanted.values())
    found = read_decisions(path)
    assert found.by_file == wanted
    assert found.sha256 == sha256(path.read_bytes()).hexdigest()


def table(folder: Path, content: str | bytes) -> Path:
    path = folder / "decisions.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("file,verdict\na,keep\n", "has no column 'decision'"),
        ("", "has no column 'file'"),
        ("file,decision\na,maybe\n", "says 'maybe' of 'a' in line 2; a decision is keep or reject"),
        ("file,decision\n,keep\n", "names no file in line 2"),
        (
            "file,decision\na,keep\nb,keep\na,reject\n",
            "contradicts itself about 'a' in lines 2 and 4",
        ),
        ("file,decision,class\na,keep,x\na,keep,y\n", "contradicts itself about 'a'"),
        ('file,decision\n"a,keep\n', "can't be read in line"),
        (b"file,decision\n\xff\xe9,keep\n", "is not UTF-8; save it as UTF-8"),
        ("file,decision\na\n", "says '' of 'a'"),
    ],
)
def test_a_file_that_decides_nothing_sure_is_refused_in_one_sentence(
    tmp_path: Path, content: str | bytes, sentence: str
) -> None:
    with pytest.raises(KnownError, match=sentence) as refused:
        read_decisions(table(tmp_path, content))
    assert "\n" not in str(refused.value)


def test_the_same_said_twice_is_no_contradiction(tmp_path: Path) -> None:
    path = table(tmp_path, "File,DECISION,reason\na, Keep ,x\n\na,keep,y\nb/c,reject\n")
    assert list(read_decisions(path).by_file) == ["a", "b/c"]


def test_rejected_pictures_are_left_out_and_counted(tmp_path: Path) -> None:
    source = filled(tmp_path / "s", {f"{kind}/{n}.png": png(n) for n in range(3) for kind in "ab"})
    decided = table(tmp_path, "file,decision,class,reason\na/0.png,reject,,blurred\nb/1.png,keep\n")
    card = prepare(source, tmp_path / "out", size=8, decisions=decided)
    assert card.count == 5
    assert card.decisions_sha256 == sha256(decided.read_bytes()).hexdigest()
    assert card.prepared is not None
    assert card.prepared.rejected == 1
    assert card.skipped == ()
    assert "a/0.png" not in {row["file"] for row in rows(tmp_path / "out")}
    assert (source / "a/0.png").exists()


def test_a_class_decided_on_counts_and_one_without_pictures_is_gone(tmp_path: Path) -> None:
    source = filled(tmp_path / "s", {"a/1": png(1), "a/2": png(2), "b/3": png(3), "c/4": png(4)})
    said = "file,decision,class\na/1,keep,sun\nb/3,reject,\nc/4,keep,a\n"
    card = prepare(source, tmp_path / "out", size=8, decisions=table(tmp_path, said))
    assert [(one.name, one.count) for one in card.classes] == [("a", 2), ("sun", 1)]
    kinds = {row["file"]: row["class"] for row in rows(tmp_path / "out")}
    assert kinds == {"a/1": "sun", "a/2": "a", "c/4": "a"}


def test_a_part_can_be_rejected_by_itself(tmp_path: Path) -> None:
    source = filled(tmp_path / "s", {"big.png": png(1, size=16), "other.png": png(2, size=16)})
    whole = prepare(source, tmp_path / "whole", size=8, fit="tiles", tile_step=8)
    assert [row["file"] for row in rows(tmp_path / "whole")][:4] == [
        f"big.png#{n}" for n in (1, 2, 3, 4)
    ]
    said = "file,decision\nbig.png#2,reject\nother.png,reject\nother.png#1,keep\n"
    decided = table(tmp_path, said)
    card = prepare(source, tmp_path / "out", size=8, fit="tiles", tile_step=8, decisions=decided)
    kept = [row["file"] for row in rows(tmp_path / "out")]
    assert kept == ["big.png#1", "big.png#3", "big.png#4", "other.png#1"]
    assert whole.count == 8
    assert card.prepared is not None
    assert card.prepared.rejected == 4


def test_a_part_goes_to_the_class_decided_on_though_no_whole_picture_does(tmp_path: Path) -> None:
    files = {"iron/2.png": png(2, size=16), "clay/1.png": png(1, size=16), "wood/3.png": b"no"}
    source = filled(tmp_path / "s", files)
    said = "file,decision,class\niron/2.png#1,keep,brass\niron/2.png#4,reject,gold\n"
    card = prepare(
        source, tmp_path / "out", size=8, fit="tiles", tile_step=8, decisions=table(tmp_path, said)
    )
    counts = [(one.name, one.count) for one in card.classes]
    assert counts == [("brass", 1), ("clay", 4), ("iron", 2)]
    kinds = {row["file"]: row["class"] for row in rows(tmp_path / "out")}
    assert (kinds["iron/2.png#1"], kinds["iron/2.png#2"]) == ("brass", "iron")
    assert [one.file for one in card.skipped] == ["wood/3.png"]


def test_a_class_whose_only_picture_went_elsewhere_in_parts_is_gone(tmp_path: Path) -> None:
    source = filled(tmp_path / "s", {"a/1.png": png(1, size=16), "b/2.png": png(2)})
    said = "file,decision,class\n" + "".join(f"a/1.png#{n},keep,c\n" for n in (1, 2, 3, 4))
    card = prepare(
        source, tmp_path / "out", size=8, fit="tiles", tile_step=8, decisions=table(tmp_path, said)
    )
    assert [(one.name, one.count) for one in card.classes] == [("b", 1), ("c", 4)]
    assert card.skipped == ()


def test_a_class_of_parts_counts_where_there_were_none(tmp_path: Path) -> None:
    source = filled(tmp_path / "s", {"1.png": png(1, size=16)})
    said = "file,decision,class\n1.png#2,keep,sun\n"
    card = prepare(
        source, tmp_path / "out", size=8, fit="tiles", tile_step=8, decisions=table(tmp_path, said)
    )
    assert [(one.name, one.count) for one in card.classes] == [("sun", 1), ("unsorted", 3)]


def test_a_line_speaks_for_no_other_file_whose_name_holds_a_hash(tmp_path: Path) -> None:
    files = {"we": png(1, size=16), "we#2.png": png(2, size=16), "we#2": png(3, size=16)}
    source = filled(tmp_path / "s", files)
    decided = table(tmp_path, "file,decision,class\nwe,reject,\nwe#2.png#3,keep,sun\n")
    card = prepare(source, tmp_path / "out", size=8, fit="tiles", tile_step=8, decisions=decided)
    kinds = {row["file"]: row["class"] for row in rows(tmp_path / "out")}
    assert set(kinds) == {f"we#2{end}#{n}" for n in (1, 2, 3, 4) for end in ("", ".png")}
    assert [name for name, kind in kinds.items() if kind == "sun"] == ["we#2.png#3"]
    assert card.count == 8


def test_no_two_pictures_of_a_dataset_have_one_name(tmp_path: Path) -> None:
    source = filled(tmp_path / "s", {"a": png(1, size=16), "a#2": png(2), "b#1": png(3)})
    card = prepare(source, tmp_path / "out", size=8, fit="tiles", tile_step=8)
    names = [row["file"] for row in rows(tmp_path / "out")]
    assert names == ["a#1", "a#3", "a#4", "a#2", "b#1"]
    reason = "is a part with the same name as another file"
    assert [(one.file, one.reason) for one in card.skipped] == [("a#2", reason)]
    assert prepare(tmp_path / "out", tmp_path / "again", size=8).count == 5


def test_a_decision_on_a_part_of_what_broke_since_is_no_mistake(tmp_path: Path) -> None:
    source = filled(tmp_path / "s", {"a.png": b"broken", "b.png": png(2)})
    decided = table(tmp_path, "file,decision\na.png#2,reject\n")
    card = prepare(source, tmp_path / "out", size=8, decisions=decided)
    assert [one.file for one in card.skipped] == ["a.png"]


@pytest.mark.parametrize("name", ["none.png", "a.png#7", "../a.png"])
def test_a_decision_on_what_is_not_there_is_refused(tmp_path: Path, name: str) -> None:
    source = filled(tmp_path / "s", {"a.png": png(1), "b.png": png(2)})
    decided = table(tmp_path, f"file,decision\n{name},reject\n")
    with pytest.raises(KnownError, match="which is not among the pictures"):
        prepare(source, tmp_path / "out", size=8, decisions=decided)
    assert not (tmp_path / "out").exists()


def test_decisions_on_one_of_several_sources_are_refused_with_the_way_to_decide_on_all(
    tmp_path: Path,
) -> None:
    sources = [filled(tmp_path / name, {"a.png": png(1), "b.png": png(2)}) for name in ("x", "y")]
    decided = table(tmp_path, "file,decision\na.png,reject\n")
    with pytest.raises(KnownError, match=r"though '[xy]/a.png' is; .* curate that dataset"):
        prepare(sources, tmp_path / "out", size=8, decisions=decided)

    prepare(sources, tmp_path / "all", size=8)
    both = "".join(f"{row['file']},keep\n" for row in rows(tmp_path / "all")[1:])
    decided = table(tmp_path, f"file,decision\nx/a.png,reject\n{both}")
    # a dataset calls its pictures as its sources do
    for number, again in enumerate((sources, [tmp_path / "all"])):
        card = prepare(again, tmp_path / f"out {number}", size=8, decisions=decided)
        assert (card.count, card.prepared and card.prepared.rejected) == (3, 1)


def test_where_all_are_rejected_the_sentence_says_so(tmp_path: Path) -> None:
    source = filled(tmp_path / "s", {"a.png": png(1)})
    decided = table(tmp_path, "file,decision\na.png,reject\n")
    with pytest.raises(KnownError, match="no picture that can be used: all were rejected"):
        prepare(source, tmp_path / "out", size=8, decisions=decided)


def test_a_prepared_dataset_can_be_sorted_and_prepared_again(tmp_path: Path) -> None:
    source = filled(tmp_path / "s", {f"{kind}/{n}.png": png(n) for n in range(3) for kind in "ab"})
    first = prepare(source, tmp_path / "first", size=8, licence="CC0-1.0", credits=["Ada"])
    decided = table(tmp_path, "file,decision\nb/2.png,reject\n")
    again = prepare(tmp_path / "first", tmp_path / "again", size=8, decisions=decided)
    assert again.count == first.count - 1
    assert [one.name for one in again.classes] == ["a", "b"]
    assert (again.licence, again.credits) == (first.licence, first.credits)
    assert rows(tmp_path / "again") == rows(tmp_path / "first")[:-1]
