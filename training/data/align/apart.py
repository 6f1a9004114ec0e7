"""Trying what strangers made, landmark files and networks, in a process of its own.

The parent writes a task, the child (``training.data.align.trial``) an answer; a child that breaks,
or takes too long or too much memory, takes nothing along.
"""

import logging
import os
import sys
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

import training
from explorer.core.errors import KnownError
from explorer.core.files import parse_json
from explorer.models.vet import Limits, ended, talk

log = logging.getLogger(__name__)

TASK, ANSWER = "task.json", "answer.json"

Range: TypeAlias = Literal["imagenet", "0,1", "-1,1", "0,255"]
Form: TypeAlias = Literal["share", "logit", "shares", "logits", "number"]

_MAX_ANSWER = 1 << 20  # bytes


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Task(_Message):
    """What to try."""

    kind: Literal["predictor", "detector", "mask"]
    path: Path
    limits: Limits
    range: Range | None = None  # of what a mask's network takes, where the person said it
    parent: int = Field(default_factory=os.getpid)  # without whom the child ends


class Landmarked(_Message):
    """What a landmark file or a detector was found to be."""

    sha256: str
    parts: int = 0  # landmarks
    is_network: bool = False


class Masked(_Message):
    """What a network that cuts out takes and gives."""

    sha256: str
    input: str
    kind: Literal["float32", "float16", "uint8"]
    range: Range
    channels_first: bool
    channels: Literal[1, 3]
    height: int = Field(ge=1, le=4096)  # pixels of its input
    width: int = Field(ge=1, le=4096)
    output: str
    form: Form


class Answer(_Message):
    refused: str | None = None
    mistake: str | None = None  # ours, with its traceback
    landmarked: Landmarked | None = None
    masked: Masked | None = None


def tried(task: Task) -> Answer:
    """Let a child do the task.

    Raises:
        KnownError: what was tried can't be used, or broke the child or its limits.
    """
    with talk(task.path) as folder:
        (folder / TASK).write_text(task.model_dump_json(), encoding="utf-8")
        root = str(Path(training.__file__).parents[1])
        # Last on the path: no stranger's folder may stand in for one of our modules.
        begin = f"import sys; sys.path.append({root!r})"
        begin += "; from training.data.align.trial import main; main(sys.argv[1])"
        try:
            status = ended(
                [sys.executable, "-P", "-c", begin, str(folder)], folder, task.limits.seconds
            )
        except TimeoutError as error:
            raise KnownError(
                f"{task.path} took more than {task.limits.seconds:.0f} s to try, so it is not "
                "used; get another."
            ) from error
        return _checked(task, folder, status)


def _checked(task: Task, folder: Path, status: int) -> Answer:
    try:
        with (folder / ANSWER).open("rb") as file:
            answer = parse_json(file.read(_MAX_ANSWER), Answer, name="The child's answer")
    except (OSError, KnownError) as error:
        said = (folder / "stderr").read_bytes()[-2000:].decode(errors="replace")
        log.warning("the child that tried %s ended with %s, saying: %s", task.path, status, said)
        raise KnownError(
            f"{task.path} broke the process that tried it, so it is not used; get it again from "
            "someone you trust."
        ) from error
    if answer.mistake is not None:
        raise RuntimeError(f"the child that tried {task.path} failed:\n{answer.mistake}")
    if answer.refused is not None:
        raise KnownError(answer.refused)
    return answer
