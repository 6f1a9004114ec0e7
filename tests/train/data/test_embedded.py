"""What picture files say of their own origin, in every format, and what hostile ones do not."""

import io
import time
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin, TiffImagePlugin, TiffTags

from training.data.origins.credits import MAX_FIELD, Credit, Embedded
from training.data.origins.embedded import said_inside

NAMES = (
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:cc="http://creativecommons.org/ns#" '
    'xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/" '
    'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" '
    'xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/"'
)
FULL = (
    "<dc:creator><rdf:Seq><rdf:li>Ada</rdf:li><rdf:li>Bob</rdf:li></rdf:Seq></dc:creator>"
    '<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">© Ada</rdf:li></rdf:Alt></dc:rights>'
    '<cc:license rdf:resource="https://creativecommons.org/licenses/by/4.0/"/>'
    "<dc:source>https://a.example/1</dc:source>"
)
TOLD = Embedded(Credit("https://a.example/1", "Ada; Bob", "CC-BY-4.0"), "© Ada")


def packet(inside: str, attributes: str = "", before: str = "") -> bytes:
    return (
        f'{before}<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {NAMES}>'
        f'<rdf:Description rdf:about="" {attributes}>{inside}</rdf:Description>'
        "</rdf:RDF></x:xmpmeta>"
    ).encode()


def saved(kind: str, **more: Any) -> bytes:
    out = io.BytesIO()
    image = Image.fromarray(np.arange(192, dtype=np.uint8).reshape(8, 8, 3))
    image.save(out, kind, **more)
    return out.getvalue()


def with_xmp(kind: str, content: bytes) -> bytes:
    if kind == "TIFF":
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        tags[700], tags.tagtype[700] = content, TiffTags.BYTE
        return saved(kind, tiffinfo=tags)
    if kind != "PNG":
        return saved(kind, xmp=content)
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", content.decode())
    return saved(kind, pnginfo=info)


def with_exif(kind: str, **tags: Any) -> bytes:
    exif = Image.Exif()
    numbers = {"artist": 0x013B, "copyright": 0x8298, "xp_author": 0x9C9D}
    for name, value in tags.items():
        exif[numbers[name]] = value
    return saved(kind, exif=exif)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_xmp_is_found_in_every_format(kind: str) -> None:
    assert said_inside(with_xmp(kind, packet(FULL))) == TOLD


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_is_found_in_every_format(kind: str) -> None:
    content = with_exif(kind, artist="Ada", copyright="(c) 2020 Ada")
    assert said_inside(content) == Embedded(Credit(author="Ada"), "(c) 2020 Ada")


def test_xmp_counts_before_exif() -> None:
    exif = Image.Exif()
    exif[0x013B] = "Bob"
    content = saved("JPEG", exif=exif, xmp=packet(FULL))
    assert said_inside(content).credit.author == "Ada; Bob"


def test_short_properties_may_be_attributes() -> None:
    rights = 'xmpRights:WebStatement="https://creativecommons.org/publicdomain/zero/1.0/"'
    found = said_inside(with_xmp("PNG", packet("", f'{rights} photoshop:Credit="Agency"')))
    assert found.credit == Credit(author="Agency", licence="CC0-1.0")


def test_a_licence_of_its_own_name_is_kept() -> None:
    link = '<cc:license rdf:resource="https://agency.example/licence"/>'
    found = said_inside(with_xmp("PNG", packet(link)))
    assert found.credit.licence == "https://agency.example/licence"


def test_who_forbids_training_is_heard() -> None:
    forbids = 'plus:DataMining="http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-AIMLTRAINING"'
    assert said_inside(with_xmp("JPEG", packet("", forbids))).rights.startswith("its maker forbids")
    allows = 'plus:DataMining="http://ns.useplus.org/ldf/vocab/DMI-ALLOWED"'
    assert said_inside(with_xmp("JPEG", packet("", allows))).rights == ""


@pytest.mark.parametrize(
    ("statement", "author"),
    [
        ("(c) 2019 Ada Lovelace", "Ada Lovelace"),
        ("Copyright (c) 2019-2021 by Ada Lovelace. All rights reserved.", "Ada Lovelace"),
        ("(C) Ada Lovelace, all rights reserved", "Ada Lovelace"),
        ("Copyright Ada Lovelace All Rights Reserved", "Ada Lovelace"),
        ("All rights reserved", ""),
        ("(c)", ""),
    ],
)
def test_a_holder_of_the_copyright_is_the_author_if_nobody_else_is(
    statement: str, author: str
) -> None:
    found = said_inside(with_exif("TIFF", copyright=statement))
    assert found.credit.author == author
    assert said_inside(with_exif("JPEG", copyright=statement, artist="Bob")).credit.author == "Bob"


@pytest.mark.parametrize(
    ("artist", "author"),
    [
        ("Ängström".encode(), "Ängström"),  # UTF-8 in a field for ASCII
        ("Ängström".encode("latin-1"), "Ängström"),
        (b"Ada\x00Editor", "Ada; Editor"),
        (b"\x1b[2JAda\r\n\x07", "[2JAda"),
        ("Ada\u202egnp.exe".encode(), "Ada gnp.exe"),
        (b"\x00\x00\x00", ""),
        (b"   ", ""),
    ],
)
def test_exif_in_any_encoding_becomes_one_plain_line(artist: bytes, author: str) -> None:
    content = with_exif("JPEG", artist="?" * len(artist)).replace(b"?" * len(artist), artist)
    assert said_inside(content).credit.author == author


def test_what_windows_writes_beside_exif_is_read() -> None:
    content = with_exif("JPEG", xp_author="Łukasz".encode("utf-16-le"))
    assert said_inside(content).credit.author == "Łukasz"


LAUGHS = '<!ENTITY l0 "ha">' + "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(11))


@pytest.mark.parametrize(
    "content",
    [
        packet("<dc:source>&l11;</dc:source>", before=f"<!DOCTYPE x [{LAUGHS}]>"),
        packet(f"<!DOCTYPE x [{LAUGHS}]><dc:source>&l11;</dc:source>"),
        packet('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><dc:source>&e;</dc:source>'),
        packet("<dc:source>&e;</dc:source>", before='<!DOCTYPE x [<!ENTITY e "hi">]>'),
        packet("<dc:creator><rdf:Seq><rdf:li>Ada</dc:creator>"),
        packet("<a>" * 20_000 + "</a>" * 20_000),
        packet("<dc:creator>" * 15_000 + "</dc:creator>" * 15_000),
        packet("<dc:source>" + "x" * 10_000_000 + "</dc:source>"),
        packet(FULL).replace(b"</x:xmpmeta>", b"").replace(b"</rdf:RDF>", b""),
        b"<x:xmpmeta" * 100_000,
        b"<rdf:RDF></rdf:RDF>",
        packet("").decode().encode("utf-16"),
    ],
    ids=lambda content: str(len(content)),
)
def test_a_hostile_packet_says_nothing_fast(content: bytes) -> None:
    before = time.process_time()
    tracemalloc.start()
    try:
        assert said_inside(saved("PNG") + content) == Embedded()
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()
    assert time.process_time() - before < 5  # an unbounded reader takes minutes


def test_a_field_of_half_a_megabyte_is_cut_short() -> None:
    found = said_inside(packet(f"<dc:source>{'x' * 500_000}</dc:source>"))
    assert len(found.credit.source) == MAX_FIELD


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@settings(max_examples=40)
@given(st.data())
def test_damaged_files_never_raise(kind: str, data: st.DataObject) -> None:
    content = bytearray(with_exif(kind, artist="Ada", copyright="(c) Ada") + packet(FULL))
    for _ in range(data.draw(st.integers(1, 12))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    found = said_inside(bytes(content[: data.draw(st.integers(0, len(content)))]))
    for text in (found.credit.source, found.credit.author, found.credit.licence, found.rights):
        assert text.isprintable()
        assert len(text) <= MAX_FIELD


def test_pixels_are_not_decoded_to_read_credits(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(self: Image.Image) -> None:
        raise RuntimeError("decoded")

    contents = [with_exif(kind, artist="Ada") for kind in ("JPEG", "PNG", "WEBP", "TIFF")]
    for kind in (PngImagePlugin.PngImageFile, Image.Image):
        monkeypatch.setattr(kind, "load", load)
    assert [said_inside(content).credit.author for content in contents] == ["Ada"] * 4
