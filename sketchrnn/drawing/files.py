"""Outputs that appear whole or not at all: written beside their place, then renamed into it."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sketchrnn.drawing.errors import BadSettingError, OutputExistsError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def check_output(path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Return `path` as a Path after checking that it may be written.

    Args:
        path: The file or folder to write.
        overwrite: Whether something that exists may be replaced.

    Raises:
        OutputExistsError: If it exists and `overwrite` is false.
        BadSettingError: If the folder that should hold it is a file or cannot be written.
    """
    target = Path(path)
    if target.exists() and not overwrite:
        raise OutputExistsError(
            "exists already", path=target, hint="choose another name, or replace it with --force"
        )
    parent = target.absolute().parent
    while not parent.exists():
        parent = parent.parent
    if not parent.is_dir():
        raise BadSettingError("is a file, not a folder", path=parent, hint="choose another place")
    if not os.access(parent, os.W_OK):
        raise BadSettingError("cannot be written to", path=parent, hint="choose another place")
    return target


@contextlib.contextmanager
def whole_file(path: str | os.PathLike[str], *, overwrite: bool = False) -> Iterator[Path]:
    """Give a temporary path beside `path`; rename it into place when the block ends well.

    Args:
        path: The file to write. Its folder is created where it is missing.
        overwrite: Whether a file that exists may be replaced.

    Yields:
        The path to write to. It carries the suffix of `path`.

    Raises:
        OutputExistsError: If the file exists and `overwrite` is false.
        BadSettingError: If there is no room for it.
    """
    target = check_output(path, overwrite=overwrite)
    with _place_named(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            prefix=f".{target.stem[:40]}-", suffix=target.suffix, dir=target.parent
        )
        os.close(handle)
    beside = Path(name)
    try:
        with _room_for(target):
            yield beside
            with open(beside, "rb") as written:
                os.fsync(written.fileno())
        beside.chmod(0o666 & ~_umask())
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_folder(path: str | os.PathLike[str], *, overwrite: bool = False) -> Iterator[Path]:
    """Give a temporary folder beside `path`; rename it into place when the block ends well.

    A folder that is replaced is moved aside first and removed last, so that a reader finds
    either the old one or the new one.

    Args:
        path: The folder to write.
        overwrite: Whether a folder that exists may be replaced.

    Yields:
        The folder to write into.

    Raises:
        OutputExistsError: If the folder exists and `overwrite` is false.
        BadSettingError: If there is no room for it.
    """
    target = check_output(path, overwrite=overwrite)
    with _place_named(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{target.name[:40]}-", dir=target.parent))
    old = beside.with_name(beside.name + ".old")
    try:
        with _room_for(target):
            yield beside
        beside.chmod(0o777 & ~_umask())
        if target.exists():
            os.replace(target, old)
        os.replace(beside, target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        if target.exists():
            if old.is_dir():
                shutil.rmtree(old, ignore_errors=True)
            else:
                old.unlink(missing_ok=True)


@contextlib.contextmanager
def _place_named(folder: Path) -> Iterator[None]:
    """Turn what the system says of a place that cannot be written into one line of ours."""
    try:
        yield
    except OSError as error:
        problem = f"cannot be written to ({reason_of(error)})"
        raise BadSettingError(problem, path=folder, hint="choose another place") from error


@contextlib.contextmanager
def _room_for(target: Path) -> Iterator[None]:
    """Turn what the system says of a disk that is full into one line of ours."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise BadSettingError(
            f"cannot be written ({reason_of(error)})",
            path=target,
            hint="make room, or choose another place",
        ) from error


def reason_of(error: OSError) -> str:
    """Return what the system says of an error, in a few words; HDF5 tells a page of it."""
    told = os.strerror(error.errno) if error.errno else str(error)
    return " ".join(told.split()).lower() or "unknown error"


def _umask() -> int:
    """Return the process's file mode mask; temporary files are made private and must heed it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
