"""Freeze the app into dist/Masquerade, and try it there as a stranger's machine would.

    python packaging/freeze.py            # `make bundle` makes the environment for it first

The result is a folder that runs without Python. It is made for the system it is made on.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
NAME = "Masquerade"

NOT_OURS = ("tensorflow", "keras", "torch", "training", "tkinter", "PIL._avif", "pytest")
"""What an artist's app has no use for, and an environment may hold."""

NOT_NEEDED = (
    "PySide6/Qt/qml",
    "PySide6/Qt/translations",
    "PySide6/Qt/plugins/platforminputcontexts/libqtvirtualkeyboardplugin.so",
    "PySide6/Qt/plugins/platforms/libqvnc.so",
    "PySide6/Qt/plugins/platforms/libqlinuxfb.so",
    "PySide6/Qt/plugins/imageformats/libqpdf.so",
    "PySide6/Qt/plugins/networkinformation",
    "PySide6/Qt/plugins/tls",
    "PySide6/Qt/lib/libQt6Qml*",
    "PySide6/Qt/lib/libQt6Quick*",
    "PySide6/Qt/lib/libQt6Pdf*",
    "PySide6/Qt/lib/libQt6VirtualKeyboard*",
    "PySide6/Qt/lib/libQt6Network*",
    "PySide6/QtNetwork*",
    "PySide6/Qt/plugins/platformthemes/libqgtk3.so",
    *(f"lib{name}*.so*" for name in ("gtk-3", "gdk-3", "gdk_pixbuf", "cairo", "pango", "epoxy")),
    *(f"lib{name}*.so*" for name in ("atk", "atspi", "pixman", "harfbuzz.", "thai", "datrie")),
)
"""What comes along with Qt and nothing of ours opens; below ``_internal``. GTK is for its theme."""


def data() -> Iterator[tuple[Path, Path]]:
    """Every file that is opened rather than imported: where it is, and the folder it goes to."""
    for package in ("explorer", "exported_models"):
        for path in sorted((ROOT / package).rglob("*")):
            if path.is_file() and path.suffix not in {".py", ".pyc"}:
                yield path, path.parent.relative_to(ROOT)


def freeze() -> Path:
    """Build the folder; the program in it."""
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--clean", "--log-level=WARN"]
    command += ["--onedir", "--name", NAME, "--paths", str(ROOT)]
    command += ["--distpath", str(DIST), "--workpath", str(ROOT / "build")]
    command += ["--specpath", str(ROOT / "build")]
    for name in ("masquerade", "onnxruntime", "pillow", "PySide6-Essentials"):
        command += ["--copy-metadata", name]  # so that `doctor` can tell the versions
    command += ["--hidden-import", "exported_models", "--collect-submodules", "explorer"]
    command += ["--collect-submodules", "rich._unicode_data"]
    if sys.platform != "linux":
        command.append("--windowed")
    for name in NOT_OURS:
        command += ["--exclude-module", name]
    for path, folder in data():
        command += ["--add-data", f"{path}{os.pathsep}{folder}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([*command, str(ROOT / "packaging" / "launch.py")], check=True, env=environment)
    for name in ("LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, DIST / NAME / name)
    slim(DIST / NAME / "_internal")
    return DIST / NAME / (f"{NAME}.exe" if sys.platform == "win32" else NAME)


def slim(folder: Path) -> None:
    """Take out what is not needed, and the links that lead to it."""
    for pattern in NOT_NEEDED:
        for path in folder.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in folder.rglob("*"):
        if path.is_symlink() and not path.exists():
            path.unlink()


def smoke(program: Path) -> float:
    """Run the frozen app's own test from an empty folder, with nothing in the environment.

    Returns:
        The seconds it took.

    Raises:
        subprocess.CalledProcessError: it failed, and has said how.
    """
    needed = {"SYSTEMROOT"} if sys.platform == "win32" else set()  # sockets need it there
    environment = {key: value for key, value in os.environ.items() if key.upper() in needed}
    with tempfile.TemporaryDirectory() as elsewhere:
        began = time.perf_counter()
        subprocess.run([program, "--selftest"], check=True, env=environment, cwd=elsewhere)
        return time.perf_counter() - began


def main() -> None:
    began = time.perf_counter()
    program = freeze()
    built_s = time.perf_counter() - began
    size = sum(path.lstat().st_size for path in program.parent.rglob("*") if path.is_file())
    tried_s = smoke(program)
    sys.stdout.write(
        f"{program.parent}: {size / 1e6:.0f} MB, built in {built_s:.0f} s; "
        f"it painted, upscaled, saved and reopened a picture in {tried_s:.1f} s.\n"
    )


if __name__ == "__main__":
    main()
