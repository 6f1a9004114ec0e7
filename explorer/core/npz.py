"""Arrays from strangers: nothing unpickled, nothing larger than the file says it is."""

import io
import math
import zipfile
from typing import TYPE_CHECKING, Any

from explorer.core.errors import KnownError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MAX_BYTES = 4 << 30  # of all arrays together


def read_npz(content: bytes, name: str) -> "dict[str, NDArray[Any]]":
    """Read every array of an ``.npz``; ``name`` is what a complaint calls it.

    Raises:
        KnownError: it is damaged, holds objects, or claims more than it holds.
    """
    from numpy.lib import format as npy  # the core stays light for those who read no arrays

    arrays: dict[str, NDArray[Any]] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = archive.infolist()
            if sum(info.file_size for info in infos) > _MAX_BYTES:
                raise KnownError(f"{name} unpacks to more than {_MAX_BYTES >> 30} GB; refused.")
            for info in infos:
                with archive.open(info) as file:
                    _check_size(file, info.file_size)
                with archive.open(info) as file:
                    array = npy.read_array(file, allow_pickle=False)
                arrays[info.filename.removesuffix(".npy")] = array
    except KnownError:
        raise
    except Exception as error:  # a header can make numpy's reader raise nearly anything
        raise KnownError(f"{name} holds no arrays, or is damaged; get it again.") from error
    return arrays


def write_npz(**arrays: "NDArray[Any]") -> bytes:
    """The arrays as an ``.npz``, the same bytes for the same arrays."""
    from numpy.lib import format as npy

    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            npy.write_array(member, array, allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy")  # its date is fixed
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, member.getvalue())
    return content.getvalue()


def _check_size(file: Any, size: int) -> None:
    """Compare the header's shape with the member's bytes, before memory is asked for."""
    from numpy.lib import format as npy

    version = npy.read_magic(file)
    read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
    if read is None:
        raise ValueError("an array of an unknown version")
    shape, _, dtype = read(file)
    if dtype.hasobject or math.prod(shape) * dtype.itemsize != size - file.tell():
        raise ValueError("an array is not what its header says")
