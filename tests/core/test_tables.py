import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from explorer.core.tables import table_line

ROWS = st.lists(
    st.lists(st.text(st.characters(codec="utf-8")), min_size=2, max_size=4), min_size=1, max_size=4
)


@given(ROWS)
def test_whatever_is_written_is_read(rows: list[list[str]]) -> None:
    text = "".join(map(table_line, rows))
    assert list(csv.reader(io.StringIO(text, newline=""), strict=True)) == rows


def test_only_what_needs_quotes_has_them() -> None:
    assert table_line(["a b", "", "1"]) == "a b,,1\n"
    assert table_line(["a\rb", "c\n", 'd"e', "\r\n"]) == '"a\rb","c\n","d""e","\r\n"\n'
