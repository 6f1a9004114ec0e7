"""Say in XMP, where galleries and agencies look, who made a picture and that a model painted it."""

from typing import Final
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from explorer.core.errors import KnownError
from explorer.gallery.caption import Caption

TRAINED_ALGORITHMIC_MEDIA: Final = (
    "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
)

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_DC = "http://purl.org/dc/elements/1.1/"
_XMP = "http://ns.adobe.com/xap/1.0/"
_EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_ALT, _SEQ, _BAG = "Alt", "Seq", "Bag"


def xmp(caption: Caption, *, tool: str = "masquerade") -> str:
    """The packet for the iTXt chunk ``XML:com.adobe.xmp``."""
    parts = [
        _list("dc:title", _ALT, [caption.title]),
        _list("dc:creator", _SEQ, [caption.creator]),
        _list("dc:description", _ALT, [caption.description]),
        _list("dc:subject", _BAG, list(caption.tags)),
        _list("dc:rights", _ALT, [caption.rights]),
        f"<xmp:CreatorTool>{escape(tool)}</xmp:CreatorTool>",
        f"<xmp:Rating>{caption.rating}</xmp:Rating>",
        "<Iptc4xmpExt:DigitalSourceType>"
        f"{TRAINED_ALGORITHMIC_MEDIA}</Iptc4xmpExt:DigitalSourceType>",
    ]
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
        f'<rdf:RDF xmlns:rdf="{_RDF}">\n'
        f'<rdf:Description rdf:about="" xmlns:dc="{_DC}" xmlns:xmp="{_XMP}"'
        f' xmlns:Iptc4xmpExt="{_EXT}">\n'
        + "\n".join(filter(None, parts))
        + '\n</rdf:Description>\n</rdf:RDF>\n</x:xmpmeta>\n<?xpacket end="w"?>'
    )


def read_xmp(packet: str) -> Caption:
    """What a packet, ours or a stranger's, says about its picture.

    Raises:
        KnownError: it is no well-formed XML, or declares a document type, which is where
            entities that grow or reach for files would hide.
    """
    if "<!DOCTYPE" in packet or "<!ENTITY" in packet:
        raise KnownError("The XMP of the picture declares a document type, which XMP never does.")
    try:
        root = ElementTree.fromstring(packet.lstrip("\ufeff"))
    except (ElementTree.ParseError, ValueError) as error:
        raise KnownError(f"The XMP of the picture is no XML: {error}.") from error
    return Caption(
        title=_first(root, "title"),
        creator=", ".join(_items(root, "creator")),
        description=_first(root, "description"),
        tags=tuple(_items(root, "subject")),
        rights=_first(root, "rights"),
        rating=_rating(root),
    )


def _list(name: str, kind: str, texts: list[str]) -> str:
    language = ' xml:lang="x-default"' if kind == _ALT else ""
    items = "".join(f"<rdf:li{language}>{escape(text)}</rdf:li>" for text in texts if text)
    return f"<{name}><rdf:{kind}>{items}</rdf:{kind}></{name}>" if items else ""


def _items(root: ElementTree.Element, name: str) -> list[str]:
    found = root.find(f".//{{{_DC}}}{name}")
    if found is None:
        return []
    return [text for item in found.iter(f"{{{_RDF}}}li") if (text := item.text)]


def _first(root: ElementTree.Element, name: str) -> str:
    return next(iter(_items(root, name)), "")


def _rating(root: ElementTree.Element) -> int:
    text = root.findtext(f".//{{{_XMP}}}Rating", "0")
    if not text:  # other programs write it as an attribute
        return 0
    try:
        return int(float(text))
    except (ValueError, OverflowError):
        return 0
