"""What an evaluation puts on a model's card."""

from pathlib import Path

from explorer.models.card import Card
from training.evaluation.told import FILE, Evaluation, Figure, Model, Pictures, metrics


def told(**given: object) -> Evaluation:
    model = Model(
        kind="run", name="run", height=8, width=8, channels=3, step=6, checkpoint="newest"
    )
    return Evaluation(
        model=model.model_copy(update=given),
        compared=Pictures(name="suns", content_sha256="0" * 64, count=60, used=50),
        extractor="efficientnet-lite0",
        extractor_sha256="0" * 64,
        painted=50,
        seed=0,
        figures={"kid": Figure(value=0.123456, low=-0.1, high=0.3, real=0.0)},
    )


def test_the_block_is_of_the_exported_step_and_suits_the_card(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(told().model_dump_json())
    block = metrics(tmp_path, 6)
    assert (block["kid"], block["kid_low"], block["features"]) == (
        0.1235,
        -0.1,
        "efficientnet-lite0",
    )
    card = {"id": "a", "title": "A", "architecture": "dcgan", "height": 8, "width": 8}
    assert (
        Card.model_validate({**card, "channels": 3, "z_dim": 4, "metrics": block}).metrics[
            "kid_high"
        ]
        == 0.3
    )
    assert metrics(tmp_path, 7) == {}


def test_what_lies_about_is_not_taken(tmp_path: Path) -> None:
    assert metrics(tmp_path, 6) == {}
    (tmp_path / FILE).write_text(told(checkpoint="best").model_dump_json())
    assert metrics(tmp_path, 6) == {}
    (tmp_path / FILE).write_text("{")
    assert metrics(tmp_path, 6) == {}
