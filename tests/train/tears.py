"""What a kill, a full disk or a failing one leaves of a save."""

from pathlib import Path


def truncate_data(newest: Path) -> None:
    data = next(newest.parent.glob(f"{newest.name}.data-*"))
    data.write_bytes(data.read_bytes()[:-7])


def tear_index(newest: Path) -> None:
    newest.with_suffix(".index").write_bytes(b"torn")


def lose_index(newest: Path) -> None:
    newest.with_suffix(".index").unlink()


def lose_data(newest: Path) -> None:
    next(newest.parent.glob(f"{newest.name}.data-*")).unlink()


def empty_both(newest: Path) -> None:
    for path in newest.parent.glob(f"{newest.name}.*"):
        path.write_bytes(b"")


TEARS = [truncate_data, tear_index, lose_index, lose_data, empty_both]
