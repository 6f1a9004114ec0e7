"""What a picture file says of its own origin: XMP first, then EXIF. Pixels are not decoded.

A packet of XMP is found by its marks in the file's bytes, as ISO 16684-1 allows for every format.
Everything here comes from strangers: what can't be read says nothing, and that is all.
"""

import io
import re
import warnings
from contextlib import suppress
from xml.etree import ElementTree

from PIL import Image

from training.data.fitting.decode import FORMATS
from training.data.origins.credits import BETWEEN, Credit, Embedded, clean, known_licence

_MAX_PACKET = 1 << 20  # bytes; a long one of a photographer has 50,000
_OPENS, _CLOSES = (b"<x:xmpmeta", b"<rdf:RDF"), (b"</x:xmpmeta>", b"</rdf:RDF>")
_EXIF_MARKS = (b"Exif\0\0", b"eXIf", b"EXIF")
_TIFF = (b"II*\0", b"MM\0*")

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_RIGHTS = "{http://ns.adobe.com/xap/1.0/rights/}"
_CC = "{http://creativecommons.org/ns#}"
_SHOP = "{http://ns.adobe.com/photoshop/1.0/}"
_PLUS = "{http://ns.useplus.org/ldf/xmp/1.0/}"

_AUTHOR = (_DC + "creator", _RIGHTS + "Owner", _CC + "attributionName", _SHOP + "Credit")
_SOURCE = (_DC + "source", _CC + "attributionURL", _SHOP + "Source")
_LICENCE = (_CC + "license", _RIGHTS + "WebStatement", _RIGHTS + "UsageTerms", _DC + "rights")
_STATEMENT = (_DC + "rights", _RIGHTS + "UsageTerms", _RIGHTS + "WebStatement")
_MINING = _PLUS + "DataMining"  # https://ns.useplus.org/LDF/ldf-XMPSpecification

_ARTIST, _COPYRIGHT, _XP_AUTHOR = 0x013B, 0x8298, 0x9C9D

_HOLDER = re.compile(
    r"(?:©|\(c\)|\bcopyright\b)[\s©]*(?:\(c\))?[\s\d,–-]*(?:by\s+)?(?P<who>[^.;,|©]{2,80})",
    re.IGNORECASE,
)


def said_inside(content: bytes) -> Embedded:
    """The origin that a picture file names; its own words are kept short and on one line."""
    author, source, licence, rights = _xmp(content)
    artist, holder = _exif(content)
    rights = rights or holder
    licence = licence or known_licence(holder)
    if not author and not artist and (match := _HOLDER.search(rights)):
        artist = clean(re.split(r"\ball rights\b", match["who"], flags=re.IGNORECASE)[0])
    return Embedded(Credit(source, author or artist, licence), rights)


def _xmp(content: bytes) -> tuple[str, str, str, str]:
    """Author, source, known licence and statement of rights."""
    root = _packet(content)
    if root is None:
        return "", "", "", ""
    found: dict[str, list[str]] = {}
    for element in root.iter():
        for name, value in element.attrib.items():  # a short property may be an attribute
            found.setdefault(name, []).append(clean(value))
        texts = found.setdefault(element.tag, [])
        texts += [clean(each.text or "") for each in element.findall(f"*/{_RDF}li")]
        texts += [clean(element.get(f"{_RDF}resource", "")), clean(element.text or "")]
    told = {name: list(dict.fromkeys(filter(None, texts))) for name, texts in found.items()}
    authors = next((told[name] for name in _AUTHOR if told.get(name)), [])
    licences = [known_licence(text) for name in _LICENCE for text in told.get(name, ())]
    licences += told.get(_CC + "license", [])  # another, but in the place for licences
    statement = next((told[name][0] for name in _STATEMENT if told.get(name)), "")
    if any("PROHIBITED" in text.upper() for text in told.get(_MINING, ())):
        statement = clean(f"its maker forbids mining it for data{BETWEEN}{statement}".rstrip("; "))
    return (
        clean(BETWEEN.join(authors)),
        next((told[name][0] for name in _SOURCE if told.get(name)), ""),
        next(filter(None, licences), ""),
        statement,
    )


def _packet(content: bytes) -> ElementTree.Element | None:
    for opens, closes in zip(_OPENS, _CLOSES, strict=True):
        start = content.find(opens)
        end = content.find(closes, start) if start >= 0 else -1
        if end < 0 or end - start > _MAX_PACKET:
            continue
        text = content[start : end + len(closes)].decode("utf-8", "replace")
        try:  # what would declare entities, to grow or to reach for files, stands before the mark
            return ElementTree.fromstring(text)
        except (ElementTree.ParseError, ValueError, RecursionError):
            continue
    return None


def _exif(content: bytes) -> tuple[str, str]:
    """Artist and copyright."""
    if not content.startswith(_TIFF) and not any(mark in content for mark in _EXIF_MARKS):
        return "", ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(content), formats=FORMATS)
            exif = Image.Exif()
            if image.format == "TIFF":
                exif = image.getexif()
            elif data := image.info.get("exif"):  # getexif would decode a PNG to look for more
                exif.load(data)
            artist = _text(exif.get(_ARTIST)) or _wide_text(exif.get(_XP_AUTHOR))
            return artist, _text(exif.get(_COPYRIGHT))
    except Exception:  # noqa: BLE001 - broken EXIF raises anything, and the picture is still good
        return "", ""


def _text(value: object) -> str:
    """EXIF's text: ASCII by the book, UTF-8 in the field; Pillow reads it as Latin-1."""
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if not isinstance(value, str):
        return ""
    value = value[:4096].split("\0\0")[0].replace("\0", BETWEEN)  # photographer, editor
    with suppress(UnicodeEncodeError, UnicodeDecodeError):  # it was neither, or is whole already
        value = value.encode("latin-1").decode("utf-8")
    return clean(value).strip("; ")


def _wide_text(value: object) -> str:
    """What Windows writes beside EXIF's own, in UTF-16."""
    return clean(value[:4096].decode("utf-16-le", "replace")) if isinstance(value, bytes) else ""
