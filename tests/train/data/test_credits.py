"""Credits: whose word counts, and what tables and notices of any kind come to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.data.origins.credits import (
    MAX_FIELD,
    Credit,
    Embedded,
    Known,
    Notices,
    clean,
    known_licence,
    licence_of_notice,
    lines_of_notice,
    plain_name,
    read_credits,
    summary,
    unknown_files,
)

ADA = Credit("https://a.example", "Ada", "CC-BY-4.0")


def test_the_nearer_word_counts_field_by_field() -> None:
    notices = Notices(
        {"": "CC0-1.0", "a/": "CC-BY-4.0"}, {"": ("Everybody",), "a/b/": ("Bob", "Bea")}
    )
    known = Known({"a/b/1.png": Credit(author="Wanda")}, notices)
    inside = Embedded(Credit(author="Inga", source="camera"), rights="© Inga")
    assert known.of("x.png") == Credit("", "Everybody", "CC0-1.0")
    assert known.of("a/x.png") == Credit("", "Everybody", "CC-BY-4.0")
    assert known.of("a/b/x.png") == Credit("", "Bob; Bea", "CC-BY-4.0")
    assert known.of("a/b/x.png", inside=inside) == Credit("camera", "Inga", "CC-BY-4.0")
    table = Credit(author="Tom", licence="CC-BY-SA-4.0")
    assert known.of("a/b/x.png", table, inside) == Credit("camera", "Tom", "CC-BY-SA-4.0")
    assert known.of("a/b/1.png", table, inside) == Credit("camera", "Wanda", "CC-BY-SA-4.0")


def test_a_statement_of_rights_stands_in_only_where_no_licence_is_named() -> None:
    inside = Embedded(rights="© 2020 Ada, all rights reserved")
    assert Known().of("a.png", inside=inside).licence == "© 2020 Ada, all rights reserved"
    root = Known(notices=Notices({"": "CC-BY-4.0"}))
    assert root.of("a.png", inside=inside).licence == "CC-BY-4.0"


def test_a_part_of_a_picture_is_credited_as_the_whole_unless_by_itself() -> None:
    known = Known({"a.png": ADA, "a.png#2": Credit(author="Bob")})
    assert known.of("a.png#1") == ADA
    assert known.of("a.png#2") == Credit(ADA.source, "Bob", ADA.licence)
    assert known.of("film.mp4#00012#1") == Credit()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("between", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_whatever_a_spreadsheet_writes_is_read(end: str, between: str, encoding: str) -> None:
    lines = [("File", "Artist", "License", "URL"), ("é/1.png", "Ängström", "CC BY 4.0", "x")]
    content = end.join(between.join(line) for line in lines).encode(encoding)
    found, complaints = read_credits(content, "in/")
    assert found == {"in/é/1.png": Credit("x", "Ängström", "CC-BY-4.0")}
    assert complaints == []


def test_windows_letters_are_read_and_said_to_be_a_guess() -> None:
    found, complaints = read_credits("file,author\n1.png,Böll\n".encode("cp1252"))
    assert found == {"1.png": Credit(author="Böll")}
    assert complaints == ["is not UTF-8, and was read as Windows-1252"]


def test_lines_that_contradict_each_other_are_named_and_the_first_counts() -> None:
    table = "file,author\na.png,Ada\nb.png,Bob\n./a.png,Eve\na.png,Ada\n"
    found, complaints = read_credits(table.encode())
    assert found == {"a.png": Credit(author="Ada"), "b.png": Credit(author="Bob")}
    assert complaints == ["line 4 contradicts line 2 about 'a.png', and the first counts"]


def test_a_field_of_megabytes_costs_its_own_line_only() -> None:
    table = "file,author\na.png,Ada\nb.png," + "x" * 10_000_000 + "\nc.png,Cleo\n"
    found, complaints = read_credits(table.encode())
    assert found == {"a.png": Credit(author="Ada"), "c.png": Credit(author="Cleo")}
    (complaint,) = complaints
    assert complaint.startswith("line 3: field larger than field limit")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is no table with the columns"),
        (b"\0\0\0\0", "is no table with the columns"),
        (b"file\na.png\n", "is no table with the columns"),
        (b"author,licence\nAda,CC0\n", "is no table with the columns"),
        (b'"file,author\n', "is no table: unexpected end of data"),
        (b"\xff\xfe\x00", "is no table"),
        (b"file,author\n,Ada\n", "line 2: it names no file"),
        (b"file,author\n../../etc/passwd,Ada\n", "line 2: it names no file"),
        (b'file,author\na.png,"Ada\n', "line 2: unexpected end of data"),
        (b'file,author\na.png,"A"da\n', "line 2: "),
    ],
)
def test_a_broken_table_is_complained_of_and_ends_nothing(content: bytes, complaint: str) -> None:
    found, (first, *_) = read_credits(content)
    assert found == {}
    assert first.startswith(complaint)


def test_ten_thousand_complaints_become_twenty_one() -> None:
    table = "file,author\n" + ",Ada\n" * 10_000
    _, complaints = read_credits(table.encode())
    assert len(complaints) == 21
    assert complaints[-1].startswith("and 9,980 more: line 22: it names no file; ")


def test_files_that_do_not_exist_are_named() -> None:
    there = ["a.png", "film.mp4#00001", "b/c.png"]
    assert unknown_files(["a.png", "film.mp4", "b/c.png"], there) == []
    assert unknown_files(["a.png#2", "film.mp4#0002.000", "b/c.png#1#2"], there) == []
    assert unknown_files(["A.png"], there) == ["credits 'A.png', which is not there"]


@given(st.text())
def test_what_is_kept_of_any_text_steers_nothing(text: str) -> None:
    kept = clean(text)
    assert kept.isprintable()
    assert len(kept) <= MAX_FIELD
    assert clean(kept) == kept


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reading_of_a_table(content: bytes) -> None:
    read_credits(b"file,author\n" + content)
    read_credits(content)


@given(st.text())
def test_a_plain_name_stays_as_it_is_when_made_plain_again(name: str) -> None:
    assert plain_name(plain_name(name)) == plain_name(name)


@pytest.mark.parametrize(
    ("said", "licence"),
    [
        ("CC0", "CC0-1.0"),
        ("cc0 1.0 universal", "CC0-1.0"),
        ("CC BY 4.0", "CC-BY-4.0"),
        ("Creative Commons BY-NC-SA 3.0", "CC-BY-NC-SA-3.0"),
        ("https://creativecommons.org/licenses/by-sa/4.0/deed.de", "CC-BY-SA-4.0"),
        ("http://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"),
        ("https://creativecommons.org/publicdomain/mark/1.0/", "PDM-1.0"),
        ("Public domain.", "public domain"),
        ("https://creativecommons.org.evil.example/licenses/by/4.0/", ""),
        ("All rights reserved", ""),
        ("not CC0 at all", ""),
    ],
)
def test_a_known_licence_has_one_name(said: str, licence: str) -> None:
    assert known_licence(said) == licence


LEGAL = "Creative Commons Legal Code\n\n{}\n\nbla\n\nbla\n"


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("CC-BY-4.0\n", "CC-BY-4.0"),
        ("My own terms: ask me.\nMore.\n", "My own terms: ask me."),
        (LEGAL.format("CC0 1.0 Universal"), "CC0-1.0"),
        (LEGAL.format("Attribution-NonCommercial-ShareAlike 4.0 International"), "CC-BY-NC-SA-4.0"),
        (LEGAL.format("Attribution-NoDerivatives 4.0 International"), "CC-BY-ND-4.0"),
        ("\n  Apache License\n  Version 2.0, January 2004\n a\n b\n c\n", "Apache-2.0"),
        ("", ""),
        ("\n\0\n", ""),
    ],
)
def test_a_notice_grants_its_first_line_or_the_licence_that_it_holds(
    text: str, licence: str
) -> None:
    assert licence_of_notice(text) == licence


def test_thanks_are_lines_without_what_is_empty() -> None:
    assert lines_of_notice("Ada\r\n\n \x1b[31mGrace \n") == ("Ada", "[31mGrace")


def test_the_card_names_every_licence_and_author_and_what_is_not_stated() -> None:
    counts = {
        Credit(author="Ada", licence="CC-BY-4.0"): 2,
        Credit(author="Bob", licence="CC0-1.0"): 3,
        Credit(author="Bob", licence="CC-BY-4.0"): 2,
        Credit(author="Bob"): 1,
    }
    licence, lines = summary(counts, thanks=("The museum",))
    assert licence == "CC-BY-4.0; CC0-1.0; not stated for 1 of 8 pictures"
    assert lines == (
        "The museum",
        "Bob: 3 pictures, CC0-1.0",
        "Ada: 2 pictures, CC-BY-4.0",
        "Bob: 2 pictures, CC-BY-4.0",
        "Bob: 1 picture",
    )
    assert summary({Credit(): 5}) == ("", ())


def test_whom_the_folder_thanks_is_not_thanked_twice() -> None:
    both = Credit(author="Ada; Grace", licence="CC0-1.0")
    assert summary({both: 4}, thanks=("Ada", "Grace")) == ("CC0-1.0", ("Ada", "Grace"))
