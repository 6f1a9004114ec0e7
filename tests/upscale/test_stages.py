import pytest
from pydantic import ValidationError

from explorer.upscale.stages import Stage


@pytest.mark.parametrize(
    "text",
    [
        '{"id":"realesrgan-x4plus","sha256":"' + "a" * 64 + '","scale":4}',
        '{"id":"lanczos","to":[378,378]}',
        '{"id":"lanczos","scale":4}',
    ],
)
def test_a_stage_is_written_as_it_was_read(text: str) -> None:
    assert Stage.model_validate_json(text).model_dump_json() == text


@pytest.mark.parametrize(
    "text",
    [
        '{"id":"lanczos"}',
        '{"id":"lanczos","scale":4,"to":[1,1]}',
        '{"id":"realesrgan-x4plus","to":[378,378]}',
        '{"id":"lanczos","to":[0,378]}',
        '{"id":"lanczos","to":[99999,1]}',
        '{"id":"lanczos","scale":400}',
        '{"id":"","scale":4}',
        '{"id":"lanczos","scale":4,"then":"rm"}',
        '{"id":"x","scale":4,"sha256":"nonsense"}',
    ],
)
def test_a_stage_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        Stage.model_validate_json(text)
