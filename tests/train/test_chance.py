import numpy as np
import pytest
import tensorflow as tf

from training.chance import Dice, Purpose

pytestmark = pytest.mark.train


def dice(**of: int) -> Dice:
    return Dice.thrown(3, Purpose.GENERATOR_LATENTS, 17, **{"batch": 6, **of})


@pytest.mark.parametrize(("kind", "apart"), [("uniform", 0.0), ("normal", 1e-4)])
def test_xla_throws_the_same_dice(kind: str, apart: float) -> None:
    def draw() -> tf.Tensor:
        return getattr(dice(), kind)(50, 3)

    eager, graph, compiled = draw(), tf.function(draw)(), tf.function(draw, jit_compile=True)()

    np.testing.assert_array_equal(eager, graph)
    np.testing.assert_allclose(eager, compiled, rtol=0, atol=apart)


@pytest.mark.parametrize("kind", ["uniform", "normal"])
def test_what_a_picture_gets_does_not_depend_on_who_else_is_here(kind: str) -> None:
    whole = getattr(dice(), kind)(4)
    parts = [getattr(dice(count=2, first=first), kind)(4) for first in (0, 2, 4)]

    np.testing.assert_array_equal(whole, np.concatenate(parts))


def test_every_purpose_step_seed_and_number_has_its_own() -> None:
    drawn = {
        tuple(dice.uniform().numpy().tolist())
        for dice in (
            Dice.thrown(3, Purpose.GENERATOR_LATENTS, 17, batch=6),
            Dice.thrown(4, Purpose.GENERATOR_LATENTS, 17, batch=6),
            Dice.thrown(3, Purpose.AUGMENT, 17, batch=6),
            Dice.thrown(3, Purpose.GENERATOR_LATENTS, 18, batch=6),
            Dice.thrown(3, Purpose.GENERATOR_LATENTS, 17, batch=6).about(0),
            Dice.thrown(3, Purpose.GENERATOR_LATENTS, 17, batch=6).about(1),
        )
    }
    assert len(drawn) == 6


def test_draws_are_what_they_are_called() -> None:
    many = Dice.thrown(0, Purpose.AUGMENT, 0, batch=20_000)
    uniform, normal = many.uniform().numpy(), many.normal().numpy()

    assert 0 <= uniform.min() < 0.001 < 0.999 < uniform.max() < 1
    assert abs(uniform.mean() - 0.5) < 0.01
    assert abs(normal.mean()) < 0.03
    assert abs(normal.std() - 1) < 0.02
