"""The chunks of a PNG file: read with suspicion, and text put in without touching the pixels."""

import os
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from explorer.core.errors import KnownError

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
MAX_TEXT: Final = 1 << 20  # bytes of one text, unpacked
MAX_PIXELS: Final = 8_192 * 8_192

_MAX_CHUNKS = 1 << 17
_AT_ONCE = 1 << 20  # bytes of pixels unpacked to count them
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by PNG colour type
_PAINTED = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_WRITTEN = {b"IHDR", b"sRGB", b"IDAT", b"IEND"}
_REMARKS = {b"iTXt", b"tEXt", b"zTXt", b"tIME", b"pHYs"}  # they change nothing that is seen
_WRITTEN_LAYOUT = bytes([8, 2, 0, 0, 0])  # 8 bits, RGB, not interlaced


@dataclass(frozen=True, slots=True)
class Chunk:
    """Where ``length`` bytes of content start; the type stands in the four bytes before it."""

    kind: bytes
    start: int
    length: int


def scan(file: BinaryIO, path: Path) -> list[Chunk]:
    """List the chunks without reading what is in them.

    Raises:
        KnownError: it is no PNG, is cut short, or claims a size that no picture here has.
    """
    size = os.fstat(file.fileno()).st_size
    file.seek(0)
    if file.read(len(SIGNATURE)) != SIGNATURE:
        raise KnownError(f"{path} is no PNG picture; choose one that was saved here.")
    found: list[Chunk] = []
    at = len(SIGNATURE)
    while not found or found[-1].kind != b"IEND":
        head = file.read(8)
        if len(head) < 8 or len(found) == _MAX_CHUNKS:
            raise KnownError(_broken(path))
        length, kind = struct.unpack(">I4s", head)
        if at + 12 + length > size:
            raise KnownError(_broken(path))
        found.append(Chunk(kind, at + 8, length))
        at += 12 + length
        file.seek(at)
    _check_header(file, found[0], path)
    return found


def read_texts(path: Path, keywords: frozenset[str]) -> dict[str, str]:
    """The iTXt chunks of these keywords; of two with one keyword, the first.

    Raises:
        KnownError: the file can't be read, is no whole PNG, or a text is broken or over 1 MB.
    """
    texts: dict[str, str] = {}
    try:
        with path.open("rb") as file:
            for chunk in scan(file, path):
                keyword = _keyword(file, chunk)
                if keyword in keywords and keyword not in texts:
                    texts[keyword] = _text(file, chunk, path)
    except OSError as error:
        raise KnownError(f"{path} can't be read: {error.strerror}.") from error
    return texts


def painted(file: BinaryIO, path: Path) -> bytes:
    """The file again with nothing in it but pixels: no decoder need look at the rest."""
    parts = [SIGNATURE]
    packed = []
    chunks = scan(file, path)
    for chunk in chunks:
        if chunk.kind in _PAINTED:
            file.seek(chunk.start - 8)
            parts.append(file.read(chunk.length + 12))
        if chunk.kind == b"IDAT":
            packed.append(parts[-1][8:-4])
    file.seek(chunks[0].start)
    if not _has_all_rows(file.read(13), b"".join(packed)):
        raise KnownError(_broken(path))
    return b"".join(parts)


def is_as_written(path: Path) -> bool:
    """Whether it is one plain RGB picture of 8 bits, and nothing else shines through or follows.

    Decoders that only want the pixels pass by alpha, further frames and colour profiles.

    Raises:
        KnownError: the file can't be read or is no whole PNG.
    """
    try:
        with path.open("rb") as file:
            chunks = scan(file, path)
            file.seek(chunks[0].start + 8)
            layout = file.read(5)
    except OSError as error:
        raise KnownError(f"{path} can't be read: {error.strerror}.") from error
    kinds = {chunk.kind for chunk in chunks}
    return layout == _WRITTEN_LAYOUT and kinds <= _WRITTEN | _REMARKS


def with_texts(file: BinaryIO, path: Path, texts: Mapping[str, str]) -> bytes:
    """The file with these iTXt chunks in place of those of the same keywords."""
    chunks = scan(file, path)
    parts = [SIGNATURE]
    for chunk in chunks:
        if _keyword(file, chunk) in texts:
            continue
        file.seek(chunk.start - 8)
        parts.append(file.read(chunk.length + 12))
        if chunk is chunks[0]:
            parts.extend(itxt(keyword, text) for keyword, text in texts.items())
    return b"".join(parts)


def itxt(keyword: str, text: str) -> bytes:
    """A whole iTXt chunk, uncompressed."""
    content = keyword.encode("latin-1") + b"\0\0\0\0\0" + text.encode()
    return chunk_bytes(b"iTXt", content)


def chunk_bytes(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(content, zlib.crc32(kind)))
    )


def _check_header(file: BinaryIO, first: Chunk, path: Path) -> None:
    if first.kind != b"IHDR" or first.length != 13:
        raise KnownError(_broken(path))
    file.seek(first.start)
    width, height = struct.unpack(">II", file.read(8))
    if not 0 < width * height <= MAX_PIXELS:
        raise KnownError(
            f"{path} claims to be {width}x{height} pixels; "
            f"pictures here have at most {MAX_PIXELS >> 20} million."
        )


def _has_all_rows(header: bytes, packed: bytes) -> bool:
    """Whether the pixels are as many as the header claims; decoders may fill up with black."""
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    if interlaced or colour not in _CHANNELS:
        return True  # not written here; the decoder has the last word
    missing: int = height * (1 + (width * _CHANNELS[colour] * depth + 7) // 8)
    unpacker = zlib.decompressobj()
    try:
        while missing > 0 and not unpacker.eof:
            plain = unpacker.decompress(packed, _AT_ONCE)
            if not plain:
                return False
            missing -= len(plain)
            packed = unpacker.unconsumed_tail
    except zlib.error:
        return False
    return missing <= 0


def _keyword(file: BinaryIO, chunk: Chunk) -> str | None:
    if chunk.kind != b"iTXt":
        return None
    file.seek(chunk.start)
    keyword, end, _ = file.read(min(chunk.length, 80)).partition(b"\0")
    return keyword.decode("latin-1") if end else None


def _text(file: BinaryIO, chunk: Chunk, path: Path) -> str:
    if chunk.length > MAX_TEXT + 1024:
        raise KnownError(f"{path} carries a text over 1 MB long, which none of ours is.")
    file.seek(chunk.start)
    content = file.read(chunk.length)
    (crc,) = struct.unpack(">I", file.read(4))
    try:
        _, rest = content.split(b"\0", 1)
        packed, method = rest[0], rest[1]
        _language, _translated, text = rest[2:].split(b"\0", 2)
        if crc != zlib.crc32(content, zlib.crc32(chunk.kind)) or packed > 1 or method:
            raise ValueError("broken chunk")
        if packed:
            text = _unpacked(text)
        return text.decode()
    except (ValueError, IndexError, zlib.error) as error:
        raise KnownError(f"{path} carries a text that can't be read; it is damaged.") from error


def _unpacked(text: bytes) -> bytes:
    """A small chunk can hold gigabytes: stop where no text of ours would still go on."""
    unpacker = zlib.decompressobj()
    plain = unpacker.decompress(text, MAX_TEXT + 1)
    if len(plain) > MAX_TEXT or not unpacker.eof:
        raise ValueError("longer than a text may be")
    return plain


def _broken(path: Path) -> str:
    return f"{path} is cut short or damaged; fetch or save it again."
