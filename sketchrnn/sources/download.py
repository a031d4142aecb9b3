"""Fetching files over HTTP: resumed, checked, and under their final names only when whole.

What has come lies beside its place as `NAME.part`. A transfer that breaks goes on from there, in
the same call or in a later one.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import os
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path

from sketchrnn.drawing import BadFileError, SketchRNNError
from sketchrnn.drawing.files import check_output

TIMEOUT = 30.0
"""Seconds without a byte after which a transfer counts as broken."""

ATTEMPTS = 6
"""How often a transfer may fail without having come further."""

WORKERS = 4
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
_PIECE = 1 << 16
_WRONG = 3  # a whole file that is the wrong one is not likely to become the right one
_LATER = {408, 425, 429, 500, 502, 503, 504}
"""Answers that may be others when one asks again."""

_HINT = "check the connection and run this again"
_RESUMED = _HINT + "; what has come is kept"

Progress = Callable[[str, int, "int | None"], None]
"""Called with the name of a file, how many bytes of it are there, and of how many, if known."""


@dataclass(frozen=True)
class Request:
    """A file to fetch.

    Args:
        url: Its address.
        target: Where it goes.
        check: Called with the whole file under its temporary name and with the suffix that it
            will have; raises `SketchRNNError` if its content is not what it should be.
    """

    url: str
    target: Path
    check: Callable[[Path, str], None]


@dataclass(frozen=True)
class Result:
    """What became of a request.

    Args:
        request: The request.
        fetched: Whether it was fetched; False if it was there already, or failed.
        error: Why it failed.
    """

    request: Request
    fetched: bool
    error: SketchRNNError | None = None


def fetch_all(
    requests: Sequence[Request],
    *,
    overwrite: bool = False,
    workers: int = WORKERS,
    timeout: float = TIMEOUT,
    attempts: int = ATTEMPTS,
    progress: Progress | None = None,
    sleep: Callable[[float], object] | None = None,
) -> list[Result]:
    """Fetch files, several at once; one that fails does not stop the others.

    Args:
        requests: What to fetch. What is there already is left alone.
        overwrite: Fetch it anyway, and replace it when it is whole.
        workers: How many at once.
        timeout: Seconds without a byte after which a transfer counts as broken.
        attempts: How often a transfer may fail without having come further.
        progress: Called now and then, from several threads.
        sleep: Waits between attempts; None: a wait that an interruption ends.

    Returns:
        A result for each request, in their order.
    """
    stop = threading.Event()

    def one(request: Request) -> Result:
        if request.target.exists() and not overwrite:
            return Result(request, False)
        try:
            check_output(request.target, overwrite=True)
            transfer = _Transfer(request, timeout, attempts, progress, sleep or stop.wait, stop)
            transfer.run()
        except SketchRNNError as error:
            return Result(request, False, error)
        except OSError as error:  # no room, no permission
            problem = (error.strerror or "cannot be written").lower()
            return Result(request, False, BadFileError(problem, path=request.target))
        return Result(request, True)

    with ThreadPoolExecutor(max(1, workers)) as pool:
        pending = [pool.submit(one, request) for request in requests]
        try:
            return [future.result() for future in pending]
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


class _BrokenError(Exception):
    """A transfer that failed and may be tried again, perhaps after a pause that was asked for."""

    def __init__(self, problem: str, pause: float | None = None, weight: int = 1) -> None:
        super().__init__(problem)
        self.pause = pause
        self.weight = weight


class _Transfer:
    """One file on its way."""

    def __init__(
        self,
        request: Request,
        timeout: float,
        attempts: int,
        progress: Progress | None,
        sleep: Callable[[float], object],
        stop: threading.Event,
    ) -> None:
        self.request = request
        self.part = request.target.with_name(request.target.name + ".part")
        self.timeout = timeout
        self.attempts = attempts
        self.progress = progress
        self.sleep = sleep
        self.stop = stop
        self.total: int | None = None
        self.tag: str | None = None
        self.digest: bytes | None = None

    def run(self) -> None:
        """Fetch, check and rename the file."""
        self.part.parent.mkdir(parents=True, exist_ok=True)
        failures = 0
        farthest = self._size()
        while True:
            try:
                self._receive()
                self._check()
                break
            except _BrokenError as error:
                if self._size() > farthest:
                    farthest = self._size()
                    failures = 0
                failures += error.weight
                if failures >= self.attempts or self.stop.is_set():
                    hint = _RESUMED if self._size() else _HINT
                    raise BadFileError(str(error), path=self.request.url, hint=hint) from None
                pause = min(_FIRST_PAUSE * 2 ** (failures - 1), _LONGEST_PAUSE)
                self.sleep(pause if error.pause is None else error.pause)
        with open(self.part, "rb") as whole:
            os.fsync(whole.fileno())
        os.replace(self.part, self.request.target)

    def _size(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _receive(self) -> None:
        """Ask for what is missing and append it."""
        start = self._size()
        headers = {"User-Agent": "sketchrnn", "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
            if self.tag:
                headers["If-Range"] = self.tag
        asked = urllib.request.Request(self.request.url, headers=headers)
        try:
            with urllib.request.urlopen(asked, timeout=self.timeout) as answer:
                self._append(answer, start)
        except urllib.error.HTTPError as error:
            with error:
                self._refused(error, start)
        except urllib.error.URLError as error:
            raise _BrokenError(f"cannot be reached ({error.reason})") from None
        except (TimeoutError, ConnectionError, http.client.HTTPException) as error:
            raise _BrokenError(f"the transfer broke ({type(error).__name__})") from None

    def _append(self, answer: http.client.HTTPResponse, start: int) -> None:
        kind = answer.headers.get_content_type()
        if kind in ("text/html", "application/xhtml+xml"):
            raise BadFileError(
                "answers with a web page, not with the file",
                path=self.request.url,
                hint="check the address and whether the network wants you to log in",
            )
        length = _number(answer.headers["Content-Length"])
        if answer.status == 206:
            first, self.total = _range(answer.headers["Content-Range"])
            if first != start:
                self.part.unlink()
                raise _BrokenError("sent another piece than was asked for")
        else:  # the whole file, whatever was asked for
            start, self.total = 0, length
        self.tag = answer.headers["ETag"]
        if self.tag and self.tag.startswith("W/"):  # which does not vouch for every byte
            self.tag = None
        self.digest = _md5(answer.headers.get_all("x-goog-hash") or [])
        with open(self.part, "ab" if start else "wb") as file:
            done = start
            while piece := answer.read1(_PIECE):
                file.write(piece)
                done += len(piece)
                if self.progress is not None:
                    self.progress(self.request.target.name, done, self.total)
                if self.stop.is_set():
                    raise _BrokenError("interrupted")
        if self.total is not None and done != self.total:
            raise _BrokenError(f"the transfer broke after {done:,} of {self.total:,} bytes")

    def _refused(self, error: urllib.error.HTTPError, start: int) -> None:
        """Make of an answer that is not the file an error, or a reason to try again."""
        if error.code == 416 and start:  # there is nothing after what we have
            _, total = _range(error.headers["Content-Range"])
            if total == start:
                self.total = total
                return
            self.part.unlink()
            raise _BrokenError("the file there is shorter than what has come")
        what = f"answers {error.code} {error.reason}"
        if error.code in _LATER:
            raise _BrokenError(what, _pause(error.headers["Retry-After"]))
        hint = "check the address" if error.code == 404 else "check the address and your access"
        raise BadFileError(what, path=self.request.url, hint=hint)

    def _check(self) -> None:
        """Look at the whole file; what is wrong with it goes away and is fetched again."""
        try:
            if self.digest is not None:
                with open(self.part, "rb") as file:
                    if hashlib.file_digest(file, _plain_md5).digest() != self.digest:
                        raise BadFileError("does not have the checksum that the server tells")
            self.request.check(self.part, self.request.target.suffix.lower())
        except SketchRNNError as error:
            self.part.unlink()
            raise _BrokenError(error.problem, weight=_WRONG) from None


def _plain_md5() -> hashlib._Hash:
    return hashlib.md5(usedforsecurity=False)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None


def _range(text: str | None) -> tuple[int | None, int | None]:
    """Read `bytes 5-9/10` or `bytes */10`: the first byte and the total, where they are told."""
    span, _, total = (text or "").removeprefix("bytes ").partition("/")
    return _number(span.partition("-")[0]), _number(total)


def _pause(text: str | None) -> float | None:
    """Read a Retry-After, in seconds or as a date; None where there is none."""
    if text is None:
        return None
    with contextlib.suppress(ValueError):
        seconds = float(text) if text.strip().isdecimal() else _until(text)
        return min(max(seconds, 0.0), _LONGEST_PAUSE)
    return None


def _until(date: str) -> float:
    return parsedate_to_datetime(date).timestamp() - time.time()


def _md5(headers: Sequence[str]) -> bytes | None:
    """Return the MD5 digest of the whole file, as Google's storage tells it."""
    for part in ",".join(headers).split(","):
        name, _, value = part.strip().partition("=")
        if name == "md5":
            with contextlib.suppress(ValueError):
                return base64.b64decode(value, validate=True)
    return None
