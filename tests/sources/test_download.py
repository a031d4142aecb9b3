"""Fetching over HTTP from servers that truncate, stall, refuse, ignore ranges and tell lies."""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from sketchrnn.drawing import BadFileError
from sketchrnn.sources.download import Request, fetch_all

CONTENT = bytes(range(256)) * 4096  # 1 MiB
HALF = len(CONTENT) // 2


class Server:
    """A server that plays one part after the other for each path, and the last one from then on."""

    def __init__(self, base):
        self.base = base
        self.parts = {}
        self.asked = []  # (path, Range header)

    def play(self, path, *parts):
        self.parts[path] = list(parts)


def serve(answer, content=CONTENT, *, start=0, status=None, length=None, upto=None, **headers):
    """Answer with the content from a byte on."""
    answer.send_response(status or (206 if start else 200))
    body = content[start:]
    answer.send_header("Content-Length", str(len(body) if length is None else length))
    if start:
        answer.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
    for name, value in headers.items():
        answer.send_header(name.replace("_", "-"), value)
    answer.end_headers()
    answer.wfile.write(body if upto is None else body[:upto])
    answer.close_connection = True


def asked_start(answer):
    text = answer.headers["Range"]
    return int(text.removeprefix("bytes=").removesuffix("-")) if text else 0


def good(answer):
    start = asked_start(answer)
    if start >= len(CONTENT):
        answer.send_response(416)
        answer.send_header("Content-Range", f"bytes */{len(CONTENT)}")
        answer.end_headers()
    else:
        serve(answer, start=start)


def truncate(answer):
    serve(answer, start=asked_start(answer), upto=HALF)


def no_ranges(answer):
    serve(answer)


def refuse(status, **headers):
    def part(answer):
        answer.send_response(status)
        for name, value in headers.items():
            answer.send_header(name.replace("_", "-"), value)
        answer.send_header("Content-Length", "0")
        answer.end_headers()

    return part


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            played.asked.append((self.path, self.headers["Range"]))
            parts = played.parts[self.path]
            part = parts.pop(0) if len(parts) > 1 else parts[0]
            part(self)

        def log_message(self, *_):
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    played = Server(f"http://127.0.0.1:{listening.server_port}")
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield played
    listening.shutdown()
    thread.join()
    listening.server_close()


@pytest.fixture
def get(server, tmp_path):
    """Fetch /cat.npz into a folder; return the result, the file and the pauses made."""

    def call(*parts, check=lambda path, suffix: None, **options):
        server.play("/cat.npz", *parts)
        pauses = []
        request = Request(f"{server.base}/cat.npz", tmp_path / "cat.npz", check)
        (result,) = fetch_all([request], sleep=pauses.append, **options)
        return result, request.target, pauses

    return call


def ranges(server):
    return [text for _, text in server.asked]


def check_whole(result, target):
    assert result.error is None and result.fetched
    assert target.read_bytes() == CONTENT
    assert list(target.parent.iterdir()) == [target]


def check_failed(result, target, *words):
    message = str(result.error)
    assert isinstance(result.error, BadFileError) and not result.fetched
    assert "\n" not in message and all(word in message for word in words), message
    assert not target.exists()


def test_a_good_server_is_asked_once(get, server):
    steps = []
    result, target, pauses = get(good, progress=lambda *step: steps.append(step))
    check_whole(result, target)
    assert pauses == [] and ranges(server) == [None]
    assert steps[-1] == ("cat.npz", len(CONTENT), len(CONTENT))
    assert [done for _, done, _ in steps] == sorted(done for _, done, _ in steps)


def test_what_is_there_is_left_alone_unless_asked(get, server, tmp_path):
    (tmp_path / "cat.npz").write_bytes(b"mine")
    result, target, _ = get(good)
    assert not result.fetched and result.error is None
    assert target.read_bytes() == b"mine" and server.asked == []
    result, target, _ = get(refuse(404), overwrite=True)
    assert result.error is not None and target.read_bytes() == b"mine"
    result, target, _ = get(good, overwrite=True)
    check_whole(result, target)


def test_a_broken_transfer_goes_on_where_it_broke(get, server):
    result, target, pauses = get(truncate, good)
    check_whole(result, target)
    assert ranges(server) == [None, f"bytes={HALF}-"]
    assert pauses == [1.0]


def test_a_later_call_goes_on_too(get, server):
    result, target, _ = get(truncate, refuse(503), attempts=1)
    check_failed(result, target, "524,288 of 1,048,576", "run this again")
    assert [path.name for path in target.parent.iterdir()] == ["cat.npz.part"]
    result, target, _ = get(good)
    check_whole(result, target)
    assert ranges(server)[-1] == f"bytes={HALF}-"


def test_a_part_that_was_whole_already_only_needs_its_name(get, tmp_path):
    (tmp_path / "cat.npz.part").write_bytes(CONTENT)
    result, target, _ = get(good)
    check_whole(result, target)


def test_a_part_that_is_longer_than_the_file_is_thrown_away(get, tmp_path):
    (tmp_path / "cat.npz.part").write_bytes(CONTENT + b"more")
    result, target, _ = get(good)
    check_whole(result, target)


def test_a_server_that_ignores_ranges_sends_it_all_again(get, server):
    result, target, _ = get(truncate, no_ranges)
    check_whole(result, target)
    assert ranges(server)[1] is not None


def test_another_piece_than_was_asked_for_is_not_glued_on(get, server):
    def elsewhere(answer):
        serve(answer, start=asked_start(answer) - 10)

    result, target, _ = get(truncate, elsewhere, good)
    check_whole(result, target)
    assert ranges(server)[-1] is None


def test_a_stalling_server_is_left_and_asked_again(get, server):
    woken = threading.Event()

    def stall(answer):
        serve(answer, upto=1000)
        answer.wfile.flush()
        woken.wait(5)

    try:
        result, target, pauses = get(stall, good, timeout=0.2)
    finally:
        woken.set()
    check_whole(result, target)
    assert len(pauses) == 1


def test_pauses_grow_and_end(get, server):
    result, target, pauses = get(refuse(500), attempts=5)
    check_failed(result, target, "500", "run this again")
    assert pauses == [1, 2, 4, 8] and len(server.asked) == 5


def test_progress_makes_the_count_begin_again(get, server):
    def trickle(answer):
        serve(answer, start=asked_start(answer), upto=len(CONTENT) // 8)

    result, target, pauses = get(trickle, attempts=2)
    check_whole(result, target)
    assert pauses == [1.0] * 7


def test_a_server_that_breaks_at_the_same_place_for_ever_is_given_up(get, server):
    result, target, _ = get(lambda answer: serve(answer, upto=HALF), attempts=3)
    check_failed(result, target, "broke after")
    assert "what has come is kept" in str(result.error)
    assert len(server.asked) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_an_answer_that_will_not_change_is_final(get, server, status):
    result, target, pauses = get(refuse(status), good)
    check_failed(result, target, str(status), server.base, "address")
    assert pauses == [] and len(server.asked) == 1


@pytest.mark.parametrize(
    ("after", "pause"),
    [("7", 7), ("100000", 60), ("soon", 1), ("Thu, 01 Jan 1970 00:00:00 GMT", 0)],
)
def test_429_is_waited_for_as_long_as_it_says(get, server, after, pause):
    result, target, pauses = get(refuse(429, Retry_After=after), good)
    check_whole(result, target)
    assert pauses == [pause]


def test_a_date_to_retry_after(get):
    date = formatdate(time.time() + 20, usegmt=True)
    _, _, (pause,) = get(refuse(503, Retry_After=date), good)
    assert 15 < pause <= 20


def test_a_web_page_is_no_file(get, server):
    def page(answer):
        serve(answer, b"<html>log in</html>", Content_Type="text/html; charset=utf-8")

    result, target, pauses = get(page)
    check_failed(result, target, "web page", "log in")
    assert pauses == [] and not target.with_name("cat.npz.part").exists()


def test_content_that_is_not_what_it_should_be_is_not_kept(get, server):
    def check(path, suffix):
        assert suffix == ".npz" and path.name == "cat.npz.part"
        raise BadFileError("is no npz")

    result, target, _ = get(good, check=check)
    check_failed(result, target, "is no npz")
    assert list(target.parent.iterdir()) == [] and len(server.asked) == 2


def test_a_length_that_is_too_small_is_found_by_the_checksum(get, server):
    digest = base64.b64encode(hashlib.md5(CONTENT).digest()).decode()

    def wrong(answer):
        serve(answer, length=HALF, x_goog_hash=f"crc32c=AAAAAA==,md5={digest}")

    def right(answer):
        serve(answer, start=asked_start(answer), x_goog_hash=f"md5={digest}")

    result, target, _ = get(wrong, right)
    check_whole(result, target)
    result, target, _ = get(wrong, overwrite=True)
    assert "checksum" in str(result.error)
    assert target.read_bytes() == CONTENT


def test_a_length_that_is_too_great_is_a_broken_transfer(get):
    result, target, _ = get(lambda answer: serve(answer, length=len(CONTENT) + 5), attempts=2)
    check_failed(result, target, "1,048,576 of 1,048,581 bytes")


def test_nobody_listens(tmp_path):
    request = Request("http://127.0.0.1:9/cat.npz", tmp_path / "cat.npz", lambda *_: None)
    (result,) = fetch_all([request], sleep=lambda _: None, attempts=2)
    check_failed(result, request.target, "cannot be reached")
    assert str(result.error).endswith("check the connection and run this again")


def test_several_at_once_and_one_that_fails(server, tmp_path):
    names = [f"{number}.npz" for number in range(6)]
    for name in names:
        server.play(f"/{name}", refuse(404) if name == "3.npz" else good)
    requests = [Request(f"{server.base}/{n}", tmp_path / n, lambda *_: None) for n in names]
    results = fetch_all(requests, workers=3, sleep=lambda _: None)
    assert [result.request.target.name for result in results] == names
    assert [result.fetched for result in results] == [n != "3.npz" for n in names]
    assert sorted(path.name for path in tmp_path.iterdir()) == [n for n in names if n != "3.npz"]


def test_an_interruption_keeps_what_has_come(server, tmp_path):
    server.play("/cat.npz", good)
    request = Request(f"{server.base}/cat.npz", tmp_path / "cat.npz", lambda *_: None)

    def interrupt(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_all([request], progress=interrupt)
    assert [path.name for path in tmp_path.iterdir()] == ["cat.npz.part"]


def test_a_place_that_cannot_be_written(server, tmp_path):
    (tmp_path / "file").write_text("in the way")
    server.play("/cat.npz", good)
    request = Request(f"{server.base}/cat.npz", tmp_path / "file/cat.npz", lambda *_: None)
    (result,) = fetch_all([request])
    assert "not a folder" in str(result.error) and server.asked == []
