import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import explorer
from explorer.core.errors import KnownError
from explorer.models.sessions import open_session, physical_cores

PAINT = """
import sys
from pathlib import Path
import numpy as np
from explorer.models.bundle import Bundle
from explorer.models.generator import Generator
painter = Generator.open(Bundle.read(Path(sys.argv[1])))
assert painter.paint(np.ones((1, 4), np.float32)).any()
"""


def test_painting_leaves_no_file_behind(golden: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    inherited = {key: os.environ[key] for key in ("SYSTEMROOT", "PATH") if key in os.environ}
    places = ("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")
    subprocess.run(
        [sys.executable, "-B", "-c", PAINT, golden / "dcgan-bundle"],
        env=inherited
        | dict.fromkeys(places, str(home))
        | {"PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)},
        cwd=home,
        check=True,
    )
    assert list(home.rglob("*")) == []


def test_onnxruntime_is_never_imported_before_its_telemetry_is_off() -> None:
    """``explorer.models.sessions`` switches it off; who imports one imports the other first."""
    package = Path(explorer.__file__).parent
    importing = {}
    for path in package.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        if "onnxruntime" in imported(tree):
            importing[path.relative_to(package).as_posix()] = {
                node.module for node in tree.body if isinstance(node, ast.ImportFrom)
            }
    del importing["models/sessions.py"]
    for name, first in importing.items():
        assert "explorer.models.sessions" in first, name


def imported(tree: ast.AST) -> set[str]:
    """The packages that running the code imports; ``if TYPE_CHECKING`` never runs."""
    names: set[str] = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
        names |= imported(node)
    return names


def test_listing_models_does_not_load_onnxruntime() -> None:
    code = "import explorer.models.library, sys; sys.exit('onnxruntime' in sys.modules)"
    subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)},
        check=True,
    )


def test_what_is_no_graph_is_a_sentence() -> None:
    with pytest.raises(KnownError, match=r"^Moon can't be opened: .*\.$"):
        open_session(b"no graph", name="Moon")


def test_there_is_always_a_core() -> None:
    assert 1 <= physical_cores() <= (os.cpu_count() or 1)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity here")
def test_a_process_held_to_one_processor_uses_one_thread() -> None:
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))});"
        "from explorer.models.sessions import physical_cores; assert physical_cores() == 1"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)},
        check=True,
    )
