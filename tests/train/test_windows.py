import pytest
from hypothesis import given
from hypothesis.strategies import integers, sampled_from

from training.config import Settings
from training.gan import Due
from training.windows import window

pytestmark = pytest.mark.train

EVERY = integers(1, 20)


@given(EVERY, EVERY, EVERY, EVERY, sampled_from([1, 2, 4, 16]), integers(0, 90), integers(1, 60))
def test_every_step_is_taken_once_with_all_that_is_due_and_no_stop_is_passed_over(
    penalty: int, path: int, report: int, save: int, most: int, start: int, more: int
) -> None:
    settings = Settings(architecture="stylegan2", penalty_every=penalty, path_every=path)
    step, until = start, start + more
    while step < until:
        steps, due = window(step, most=most, stops=(report, save), until=until, settings=settings)
        assert steps in (1, most)
        assert due == Due.at(step, settings)
        for later in range(step + 1, step + steps):
            assert Due.at(later, settings) == Due.always(settings)
            assert later % report
            assert later % save
        step += steps
    assert step == until


def test_steps_go_together_where_nothing_lies_between() -> None:
    lazy = Settings(architecture="stylegan2", penalty_every=16, path_every=4)

    assert window(0, most=4, stops=(100,), until=1000, settings=lazy) == (4, Due(True, True))
    assert window(4, most=4, stops=(100,), until=1000, settings=lazy) == (4, Due(False, True))
    assert window(98, most=4, stops=(100,), until=1000, settings=lazy)[0] == 1


@given(EVERY, EVERY, integers(0, 90), sampled_from(["r1", "none"]))
def test_what_a_game_does_not_play_is_never_due_and_compiles_no_step_twice(
    penalty: int, path: int, step: int, kind: str
) -> None:
    without = Settings.model_validate(
        {"penalty": kind, "penalty_every": penalty, "path_every": path}
    )

    assert Due.at(step, without) == Due(kind == "r1" and step % penalty == 0, path=False)
    straight = without.model_copy(update={"architecture": "stylegan2", "path_length": 0.0})
    assert not Due.at(step, straight).path
    assert window(1, most=32, stops=(100,), until=100, settings=Settings())[0] == 32
