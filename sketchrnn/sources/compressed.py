"""Files that may be gzipped, known by their first bytes, and unpacked no further than is sane."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path
from typing import Any, BinaryIO

from sketchrnn.drawing import BadFileError

GZIP_MAGIC = b"\x1f\x8b"
MAX_RATIO = 100
"""How much smaller than its content a file may be; lines of drawings shrink to a quarter."""

_HARMLESS = 16 << 20  # below this many bytes the ratio does not matter


def is_gzipped(path: Path) -> bool:
    """Tell whether a file begins as a gzipped one does; what cannot be read does not."""
    try:
        with open(path, "rb") as file:
            return file.read(2) == GZIP_MAGIC
    except OSError:
        return False


def open_plain(path: Path) -> BinaryIO:
    """Open a file for reading its content, unpacked where it is gzipped.

    Args:
        path: The file; its name does not matter.

    Raises:
        BadFileError: If it cannot be opened; when reading, if it is damaged, cut off, or unpacks
            to more than 100 times its size.
    """
    try:
        file = open(path, "rb")  # noqa: SIM115 -- whoever reads closes it
    except OSError as error:
        problem = (error.strerror or "cannot be read").lower()
        raise BadFileError(problem, path=path, hint="check the file") from None
    start = file.read(2)
    file.seek(0)
    if start != GZIP_MAGIC:
        return file
    return io.BufferedReader(_Inflated(file, path), 1 << 18)


class _Inflated(io.RawIOBase):
    """The content of a gzipped file, whose errors name the file."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._packed = file
        self._path = path
        self._stream = gzip.GzipFile(fileobj=file)
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._stream.read(len(buffer))
        except (OSError, EOFError, zlib.error):
            raise BadFileError(
                "is gzipped, and damaged or cut off",
                path=self._path,
                where=f"after {self._count:,} bytes of content",
                hint="get the file again",
            ) from None
        self._count += len(data)
        if self._count > max(_HARMLESS, MAX_RATIO * self._packed.tell()):
            raise BadFileError(
                f"unpacks to more than {MAX_RATIO} times its size, which no drawings do",
                path=self._path,
                hint="do not trust this file",
            )
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
            self._packed.close()
        super().close()
