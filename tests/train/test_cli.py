import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from explorer.core.errors import KnownError
from training.cli import app
from training.folder import RunFolder

pytestmark = pytest.mark.train


def say(*words: object) -> str:
    """Run a command in this process and give what it printed; KnownErrors come through."""
    result = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=True)
    if isinstance(result.exception, KnownError):
        raise result.exception
    assert result.exit_code in (0, 2), result.output
    return result.output


def test_a_preset_sets_what_was_published_and_options_go_over_it(
    grey_dataset: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    small = ("--width", 0.1, "--discriminator-width", 0.2, "--batch", 8)
    say("run", grey_dataset, "--out", run, "--preset", "doodles", *small, "--steps", 1)

    settings = RunFolder(run).card().settings
    assert (settings.optimizer, settings.generator_dropout, settings.batch) == ("rmsprop", 0.4, 8)


def test_the_relativistic_loss_brings_its_published_company(
    grey_dataset: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    small = ("--width", 0.1, "--batch", 8)
    say("run", grey_dataset, "--out", run, "--loss", "relativistic", *small, "--steps", 1)

    settings = RunFolder(run).card().settings
    assert not settings.normalise_discriminator
    assert settings.beta_1 == 0


def test_a_run_goes_on_without_its_settings_being_said_again(
    grey_dataset: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    say("run", grey_dataset, "--out", run, "--width", 0.1, "--batch", 8, "--steps", 1)
    say("run", grey_dataset, "--out", run, "--steps", 2)

    assert RunFolder(run).state().step == 2
    with pytest.raises(KnownError, match="batch = 8 and can't go on with 4"):
        say("run", grey_dataset, "--out", run, "--batch", 4, "--steps", 3)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--loss", "wasserstein"), "--loss: Input should be"),
        (("--preset", "cats"), "'cats' is none of masks, portraits, doodles, quick"),
        (("--width", "-1"), "--width: Input should be greater than 0"),
        (("--steps", "0"), "greater than or equal to 1"),
    ],
)
def test_wrong_words_are_answered_in_a_sentence(
    words: tuple[str, ...], sentence: str, grey_dataset: Path, tmp_path: Path
) -> None:
    said = say("run", grey_dataset, "--out", tmp_path / "run", *words)

    assert sentence in " ".join(said.replace("│", " ").split())
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("id", ["My Masks", "-masks", "", "masks/../r1", "a" * 65, "masks\n"])
def test_an_id_that_no_model_may_have_is_refused_before_anything_is_read(
    id: str, tmp_path: Path
) -> None:
    said = say("export", tmp_path / "run", f"--id={id}", "--title", "Masks")

    assert "is no id; take at most 64 small letters" in " ".join(said.replace("│", " ").split())


def test_without_tensorflow_the_way_out_is_named(tmp_path: Path) -> None:
    without = "import sys; sys.modules['tensorflow'] = None; from training.cli import main; main()"
    for words in (("run", "d", "--out", "r"), ("look", "d")):
        done = subprocess.run(
            [sys.executable, "-c", without, *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert "pip install 'masquerade[train]'" in done.stderr, done.stderr
        assert "Traceback" not in done.stderr


_OUR_MISTAKE = """
import training.data.masks.folder
def write_masks(*args, **kwargs):
    raise RuntimeError("a mistake of ours")
training.data.masks.folder.write_masks = write_masks
from training.cli import main
main()
"""


def test_our_own_mistakes_go_to_the_log_with_a_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _OUR_MISTAKE, "masks", str(tmp_path / "out")],
        env=os.environ | {"MASQUERADE_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )

    log = tmp_path / "home" / "masquerade.log"
    said = f"Something is wrong on our side; please send us the end of {log}.\n"
    assert (done.returncode, done.stderr) == (1, said)
    assert f"masks {tmp_path / 'out'} failed" in log.read_text()
    assert "RuntimeError: a mistake of ours" in log.read_text()


def test_a_bar_comes_with_the_work_and_not_before_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = io.StringIO()
    monkeypatch.setattr("training.cli.command.console", Console(file=said, force_terminal=True))
    (tmp_path / "broken.zip").write_bytes(b"PK")

    for source in ("gone", "broken.zip"):
        with pytest.raises(KnownError, match=source):
            say("prepare", tmp_path / source, tmp_path / "d", "--size", 8)
    before = said.getvalue()
    say("masks", tmp_path / "m", "--count", 2, "--size", 16)

    assert before == ""
    assert "rendering" in said.getvalue()


def test_help_tells_the_way_and_every_command_has_an_example() -> None:
    assert "prepare" in say("--help")
    for command in ("masks", "prepare", "look", "estimate", "run", "film", "report", "export"):
        assert "Example: explorer-train" in say(command, "--help")


def test_prepare_and_look_say_what_comes_next(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.random.RandomState(0).randint(0, 255, (4, 9, 9), np.uint8))

    assert "explorer-train look" in say("prepare", tmp_path / "a.npy", tmp_path / "d", "--size", 8)
    assert "float32" in say("look", tmp_path / "d")
