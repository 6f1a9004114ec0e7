"""Tables as CSV that read back as what was written."""

import csv
import io
from collections.abc import Iterable


def table_line(row: Iterable[str]) -> str:
    r"""A row as a line of CSV, ``\n`` at its end; to be read with ``newline=""``.

    Before Python 3.13 `csv` quotes a carriage return only if it is part of the line's end: a
    file's name may hold one, and would break its table apart.
    """
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerow(row)
    return text.getvalue().removesuffix("\r\n") + "\n"
