"""Export again and again, and be killed in between: run as a script by test_batch.py.

Every child is forked from a process that has imported all there is, so that a hundred of them
take seconds. Half are killed from within, at a file operation counted from the start of the
export; half from outside, at a moment nobody chose.
"""

import math
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

from explorer.models.library import Library
from explorer.render.batch import export
from explorer.render.order import Plan, Wishes, plan_seeds
from explorer.upscale.upscaler import Upscalers

GOLDEN = Path(__file__).parents[1] / "golden"
_WATCHED = {"open", "os.rename", "os.remove", "os.mkdir"}
_OPERATIONS = 200  # of one whole export, a few fewer


def plan() -> Plan:
    """Two batches; the first three pictures are upscaled, and finished one by one."""
    wishes = Wishes(
        titles=("Moon Child", "", "Ash & <Ember>"),
        upscale=Upscalers([]).plan("lanczos"),
        upscale_first=3,
        creator="Ada",
        rights="CC0",
    )
    generator = Library([GOLDEN]).open("golden-dcgan")
    return plan_seeds(generator, [*range(64), 1000, 2000], wishes)


def run(out: Path) -> None:
    export(plan(), out, Upscalers([]))


def content(out: Path) -> dict[str, bytes]:
    """All that an export leaves but the lock, which means nothing."""
    return {path.name: path.read_bytes() for path in out.iterdir() if path.name != ".lock"}


def _die_at(operation: int, out: Path) -> None:
    """Kill this process as it begins its n-th file operation in ``out``."""
    prefix, counted = str(out), 0

    def count(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal counted
        if event in _WATCHED and str(arguments[0]).startswith(prefix):
            counted += 1
            if counted == operation:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)


def _child(out: Path, operation: int | None) -> int:
    """Fork an export; its process id."""
    child = os.fork()
    if child == 0:
        try:
            if operation is not None:
                _die_at(operation, out)
            run(out)
        except BaseException as error:  # noqa: BLE001 - a forked child must not unwind into the parent
            os.write(2, repr(error).encode())
            os._exit(1)
        os._exit(0)
    return child


def main(folder: Path, kills: int) -> None:
    """Kill ``kills`` exports; whenever one gets through, compare it with one left in peace."""
    chance = random.Random(8)
    peaceful, out = folder / "peaceful", folder / "out"
    began = time.monotonic()
    if os.waitpid(_child(peaceful, None), 0)[1] != 0:
        sys.exit("the export fails when left in peace")
    lasts_s = time.monotonic() - began
    expected = content(peaceful)

    killed = through = 0
    while killed < kills:
        from_within = killed % 2 == 0
        child = _child(out, chance.randrange(1, _OPERATIONS) if from_within else None)
        lives_s = math.inf if from_within else chance.uniform(0.001, lasts_s)
        status = _end(child, time.monotonic() + lives_s)
        if os.WIFSIGNALED(status):
            killed += 1
            _check_whole(out, expected)
            continue
        if os.waitstatus_to_exitcode(status) != 0:
            sys.exit(f"an export failed after {killed} kills")
        _compare(content(out), expected, killed)
        through += 1
        shutil.rmtree(out)
    run(out)
    _compare(content(out), expected, killed)
    sys.stdout.write(f"{killed} killed, {through + 1} came through\n")


def _end(child: int, deadline: float) -> int:
    """Wait for a child, and kill it when its time is up; how it ended, as waitpid tells it."""
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status
        time.sleep(0.0005)  # an alarm could strike after the child was reaped, and hit another
    os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def _check_whole(out: Path, expected: dict[str, bytes]) -> None:
    """Whatever has its name is whole, at any time; only the manifest may end in mid-line."""
    for name, there in content(out).items() if out.exists() else ():
        whole = there == expected.get(name)
        torn = name == "manifest.jsonl" and expected[name].startswith(there)
        if not (whole or torn or name.startswith(".beside-")):
            sys.exit(f"{name} is half-written")


def _compare(found: dict[str, bytes], expected: dict[str, bytes], killed: int) -> None:
    differing = [
        name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)
    ]
    if differing:
        sys.exit(f"after {killed} kills these differ: {sorted(differing)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
