"""Each figure must order rightly what is known to be better or worse."""

import pytest

from explorer.likeness.features import Extractor
from training.evaluation.calibrate import Known, cases, judged, table
from training.evaluation.seen import Loose

pytestmark = pytest.mark.slow

Judged = dict[str, dict[str, float]]


@pytest.fixture(scope="module")
def found(known: Known, extractor: Extractor) -> Judged:
    learned = Loose(known.learned, extractor)
    return {
        name: judged(known, pixels, learned, extractor, halves=1) for name, pixels in cases(known)
    }


def rising(found: Judged, figure: str, *names: str) -> None:
    values = [found[name][figure] for name in names]
    assert values == sorted(values), (figure, dict(zip(names, values, strict=True)))
    assert len(set(values)) == len(values)


@pytest.mark.parametrize("figure", ["kid", "frechet"])
def test_distances_rise_with_every_flaw(found: Judged, figure: str) -> None:
    rising(found, figure, "same hand", "a little blurred", "blurred", "one picture")
    rising(found, figure, "same hand", "a little noisy", "noisy")
    rising(found, figure, "same hand", "a class missing", "one picture")
    rising(found, figure, "same hand", "a tenth, repeated", "one picture")


def test_precision_and_density_fall_with_flaws_and_not_with_sameness(found: Judged) -> None:
    for figure in ("precision", "density"):
        rising(found, figure, "blurred", "same hand")
        rising(found, figure, "noisy", "same hand")
    assert found["a class missing"]["precision"] > 0.8 * found["same hand"]["precision"]


def test_recall_and_coverage_fall_with_what_is_missing(found: Judged) -> None:
    for figure in ("recall", "coverage"):
        rising(found, figure, "a tenth, repeated", "a class missing", "same hand")
        assert found["one picture"][figure] <= found["a tenth, repeated"][figure]


def test_distinct_and_modes_count_what_diversity_does_not_see(found: Judged) -> None:
    rising(found, "distinct", "one picture", "a tenth, repeated", "same hand")
    rising(found, "modes", "one picture", "same hand")
    assert found["one picture"]["modes"] <= found["a tenth, repeated"]["modes"]
    assert found["a tenth, repeated"]["modes"] <= found["same hand"]["modes"]
    assert found["a class missing"]["modes"] <= found["same hand"]["modes"]
    assert found["a tenth, repeated"]["diversity"] > 0.8
    assert found["one picture"]["diversity"] < 0.3


def test_copies_are_noticed_whatever_was_done_to_them(found: Judged) -> None:
    assert found["same hand"]["copied"] <= 0.05
    assert found["copies"]["copied"] > 0.95
    assert 0.4 < found["half copies"]["copied"] < 0.6
    assert found["copies, blurred and mirrored"]["copied"] > 0.8
    assert found["same hand"]["caught"] > 0.9


def test_blur_is_neither_taken_for_new_nor_for_copied(found: Judged) -> None:
    assert found["blurred"]["copied"] <= 0.1
    assert found["blurred"]["novelty"] == pytest.approx(1, abs=0.25)
    assert found["blurred"]["blur"] == pytest.approx(1.5, abs=0.3)
    # Compared with sharp pictures alone, even blurred copies would pass for something new.
    assert found["copies, blurred and mirrored"]["naive"] > 0.8
    assert found["copies, blurred and mirrored"]["novelty"] < 0.6


def test_a_missing_class_shows_or_the_classifier_admits_that_it_cannot_tell(found: Judged) -> None:
    case = found["a class missing"]
    admits = case["accuracy"] < case["chance"] + 0.2  # as it does of so few and small masks
    assert admits or case["factor"] < min(0.8, found["same hand"]["factor"])


def test_the_table_has_every_figure_of_every_case(found: Judged) -> None:
    lines = table(found).splitlines()
    assert len(lines) == 2 + len(found)
    assert len({line.count("|") for line in lines}) == 1
