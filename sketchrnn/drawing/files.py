"""Outputs that appear whole or not at all: written beside their place, then renamed into it."""

from __future__ import annotations

import contextlib
import errno
import glob
import hashlib
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

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
        raise _in_the_way(target)
    parent = target.absolute().parent
    while not parent.exists():
        parent = parent.parent
    if not parent.is_dir():
        raise BadSettingError("is a file, not a folder", path=parent, hint="choose another place")
    if not os.access(parent, os.W_OK):
        raise BadSettingError("cannot be written to", path=parent, hint="choose another place")
    return target


def check_folder(
    path: str | os.PathLike[str], *, overwrite: bool = False, contents: Sequence[str] = ()
) -> Path:
    """Return `path` as a Path after checking that a folder may be written there as a whole.

    Replacing a folder deletes what is in it, so it must be ours: it bears our mark and holds
    nothing else. An empty folder may always be replaced by one who may overwrite.

    Args:
        path: The folder to write.
        overwrite: Whether a folder that exists may be replaced.
        contents: Patterns of the files that such a folder holds, relative to it, as
            `pathlib.PurePath.match` takes them (`*.onnx`, `samples/*.svg`). The first is the
            file that marks the folder as ours.

    Raises:
        OutputExistsError: If it exists and `overwrite` is false, or is not a folder of ours, or
            holds something else.
        BadSettingError: If the folder that should hold it is a file or cannot be written.
    """
    target = check_output(path, overwrite=overwrite)
    if target.is_symlink():
        raise OutputExistsError(
            "is a symbolic link", path=target, hint="name the folder itself, or another one"
        )
    if not target.exists():
        return target
    if not target.is_dir():
        raise OutputExistsError("is a file, not a folder", path=target, hint="choose another name")
    mark, found = False, False
    for name in _files_below(target):
        found = True
        inside = name.relative_to(target)
        depth = len(inside.parts)
        fits = [p for p in contents if len(PurePath(p).parts) == depth and inside.match(p)]
        if not fits:
            raise OutputExistsError(
                f"holds {str(inside)!r}, which sketchrnn did not write there",
                path=target,
                hint="move that away, or choose another folder",
            )
        mark = mark or contents[0] in fits
    if found and not mark:
        raise OutputExistsError(
            f"has no {contents[0] if contents else 'mark of ours'}, so it may be somebody else's",
            path=target,
            hint="choose another folder",
        )
    return target


def _files_below(folder: Path) -> Iterator[Path]:
    """Yield what is in a folder and in its folders; a link is not followed."""
    for root, folders, files in os.walk(folder):
        links = [name for name in folders if Path(root, name).is_symlink()]
        for name in (*files, *links):
            yield Path(root, name)


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
        prefix = _own_prefix(target, target.stem)
        handle, name = tempfile.mkstemp(prefix=prefix, suffix=target.suffix, dir=target.parent)
        os.close(handle)
    beside = Path(name)
    try:
        with _room_for(target):
            yield beside
            with open(beside, "rb") as written:
                os.fsync(written.fileno())
        beside.chmod(0o666 & ~_umask())
        _move(beside, target, overwrite)
    finally:
        beside.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_folder(
    path: str | os.PathLike[str], *, overwrite: bool = False, contents: Sequence[str] = ()
) -> Iterator[Path]:
    """Give a temporary folder beside `path`; rename it into place when the block ends well.

    A folder that is replaced is moved aside first and removed last, so that a reader finds
    either the old one or the new one.

    Args:
        path: The folder to write.
        overwrite: Whether a folder that exists may be replaced.
        contents: What such a folder holds; see `check_folder`. One that holds anything else is
            never replaced.

    Yields:
        The folder to write into.

    Raises:
        OutputExistsError: If the folder exists and may not be replaced.
        BadSettingError: If there is no room for it.
    """
    target = check_folder(path, overwrite=overwrite, contents=contents)
    with _place_named(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        prefix = _own_prefix(target, target.name)
        beside = Path(tempfile.mkdtemp(prefix=prefix, dir=target.parent))
    old = beside.with_name(beside.name + ".old")
    try:
        with _room_for(target):
            yield beside
        beside.chmod(0o777 & ~_umask())
        check_folder(target, overwrite=overwrite, contents=contents)  # it may be new since
        if target.exists():
            os.replace(target, old)
        try:
            os.replace(beside, target)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise
            raise _in_the_way(target) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        if target.exists():
            shutil.rmtree(old, ignore_errors=True)


def _in_the_way(target: Path) -> OutputExistsError:
    return OutputExistsError(
        "exists already", path=target, hint="choose another name, or replace it with --force"
    )


def _move(beside: Path, target: Path, overwrite: bool) -> None:
    """Give a file its name, which nobody has had in the meantime unless it may be replaced."""
    if not overwrite:
        try:
            os.link(beside, target)  # which fails where something exists, unlike a rename
            return
        except FileExistsError as error:
            raise _in_the_way(target) from error
        except OSError:  # not every file system has second names
            check_output(target)
    os.replace(beside, target)


def _own_prefix(target: Path, name: str) -> str:
    """Return how names of temporary files begin here; remove what a run that was killed left.

    The name has the machine and the process in it, so that what belongs to no process any more is
    known.
    """
    machine = hashlib.blake2b(platform.node().encode(), digest_size=4).hexdigest()
    prefix = f".{name[:40]}-{machine}-"
    for left in target.parent.glob(f"{glob.escape(prefix)}*-*"):
        process = left.name.removeprefix(prefix).partition("-")[0]
        if not process.isdecimal() or _is_alive(int(process)):
            continue
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)
    return f"{prefix}{os.getpid()}-"


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        pass
    return True


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
