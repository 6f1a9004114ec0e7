import numpy as np
import pytest
from hypothesis import given
from hypothesis.strategies import integers, lists, text, tuples

from explorer.core.errors import KnownError
from explorer.latent.seeds import MAX_SEED, parse_seeds, seed_latent


def test_a_seed_stays_the_same_point_for_ever() -> None:
    point = seed_latent(12, 100)

    assert point.dtype == np.float32
    assert point[:3].tolist() == pytest.approx([0.4729858, -0.6814259, 0.2424395], abs=1e-7)


@given(integers(0, MAX_SEED))
def test_every_seed_is_a_point(seed: int) -> None:
    assert np.isfinite(seed_latent(seed, 8)).all()


def test_seeds_and_ranges_are_read_in_order_and_once() -> None:
    assert parse_seeds(" 3-5, 1,4 , 0 - 1") == [3, 4, 5, 1, 0]


@given(lists(tuples(integers(0, MAX_SEED - 50), integers(0, 50)), min_size=1, max_size=8))
def test_what_is_written_is_what_is_read(ranges: list[tuple[int, int]]) -> None:
    written = ",".join(f"{first}-{first + more}" for first, more in ranges)

    named = [seed for first, more in ranges for seed in range(first, first + more + 1)]

    assert parse_seeds(written) == list(dict.fromkeys(named))


@pytest.mark.parametrize(
    "text",
    ["", ",", "1,,2", "a", "-1", "1-", "9-3", "1.5", "0-4294967296", "0-4294967295", "²", "1 2"],
)
def test_what_is_no_list_of_seeds_is_said_in_a_sentence(text: str) -> None:
    with pytest.raises(KnownError) as refusal:
        parse_seeds(text)
    assert str(refusal.value).endswith(".")


@given(text(max_size=30))
def test_any_text_is_seeds_or_a_known_error(text: str) -> None:
    try:
        seeds = parse_seeds(text)
    except KnownError:
        return
    assert all(0 <= seed <= MAX_SEED for seed in seeds)
