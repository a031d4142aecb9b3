"""Requests over HTTP: what is answered, what is refused, and that the process lives on."""

from __future__ import annotations

import json
import shutil
import socket
import threading
import xml.etree.ElementTree as ET

import pytest

import sketchrnn as sr
from sketchrnn.recipe_inputs import StoredDrawing

pytest.importorskip("starlette")
pytest.importorskip("httpx")

ONE = {"kind": "drawings", "drawings": [{"strokes": [[0, 0, 30, 45, 60, 0]]}]}


@pytest.fixture(scope="module")
def model(tiny_config, make_weights):
    made = sr.SketchRNN(tiny_config, make_weights(tiny_config))
    made.name = "tiny"
    return made


@pytest.fixture
def client(model):
    from starlette.testclient import TestClient

    from sketchrnn.server import Limits, Service, create_app

    service = Service({"tiny": model}, limits=Limits(body=20_000, drawings=20, steps=5000))
    with TestClient(create_app(service), base_url="http://127.0.0.1") as made:
        made.service = service
        yield made


def post(client, command, values=None, **options):
    body = values if isinstance(values, bytes) else json.dumps(values or {}).encode()
    return client.post(f"/v1/tiny/{command}", content=body, **options)


def test_it_draws_what_the_method_draws(client, model):
    answer = post(client, "generate", {"n": 3, "sampling": {"temperature": 0.5, "seed": 2}})
    assert answer.status_code == 200
    drawn = [StoredDrawing.of(d) for d in model.generate(3, 0.5, seed=2)]
    got = [
        StoredDrawing(strokes=d["strokes"], extent=d["extent"]) for d in answer.json()["drawings"]
    ]
    assert got == drawn
    assert [d["metadata"]["number"] for d in answer.json()["drawings"]] == [0, 1, 2]


@pytest.mark.parametrize(
    ("command", "values", "count"),
    [
        ("complete", {"partial": ONE, "n": 2, "canvas": 100}, 2),
        ("reconstruct", {"drawings": ONE}, 2),
        ("average", {"drawings": [ONE], "n": 3}, 3),
        ("walk", {"frames": 4}, 4),
        ("shift", {"drawings": ONE, "away": ONE, "towards": ONE}, 1),
    ],
)
def test_the_other_commands(client, command, values, count):
    answer = post(client, command, values)
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["drawings"]) == count


def test_pictures(client):
    answer = post(client, "generate", {"n": 2}, params={"format": "svg"})
    assert answer.headers["content-type"] == "image/svg+xml"
    assert ET.fromstring(answer.text).tag.endswith("svg")
    assert post(client, "generate", params={"format": "exe"}).status_code == 400


@pytest.mark.parametrize(
    ("command", "values", "status"),
    [
        ("generate", b"{", 400),
        ("generate", b"[1]", 400),
        ("generate", b"\xff", 400),
        ("generate", b"[" * 15_000, 400),
        ("generate", b'{"category": "\\ud800"}', 400),
        ("generate", {"n": 21}, 400),
        ("reconstruct", {"drawings": {"kind": "drawings", "drawings": ONE["drawings"] * 21}}, 400),
        ("shift", {"drawings": ONE, "away": ONE, "towards": ONE, "strength": [1] * 900}, 400),
        ("generate", {"n": 10**30}, 400),
        ("generate", {"n": "4"}, 400),
        ("generate", {"unknown": 1}, 400),
        ("generate", {"n": 20, "choice": {"best_of": 100}}, 400),
        ("generate", {"sampling": {"temperature": -1}}, 400),
        ("generate", {"choice": {"novel_to": {"kind": "data", "path": "/etc/passwd", "data": "0"}}},
         400),
        ("complete", {"partial": {"kind": "file", "path": "/etc/passwd", "drawn": "0"}}, 400),
        ("complete", {"partial": {"kind": "drawings", "drawings": [{"strokes": [[]]}]}}, 400),
        ("complete", {}, 400),
        ("atlas", {}, 404),
        ("evaluate", {}, 404),
        ("generate", b'{"category": "' + b"x" * 30_000 + b'"}', 413),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_refused_is_told(client, command, values, status):
    answer = post(client, command, values)
    assert answer.status_code == status
    assert "error" in answer.json()
    assert client.get("/health").json() == {"status": "ok", "waiting": 0}


def test_no_path_leads_out(client):
    for path in ("/v1/../etc/generate", "/v1/none/generate", "/v1/tiny%2f..%2fx/generate", "/"):
        assert client.post(path).status_code in (404, 405)


def test_pages_of_others_are_not_answered(client):
    assert post(client, "generate", headers={"origin": "http://evil.example"}).status_code == 403
    assert post(client, "generate", headers={"origin": "http://127.0.0.1"}).status_code == 200
    assert post(client, "generate", headers={"host": "evil.example"}).status_code == 400
    assert "access-control-allow-origin" not in post(client, "generate").headers


def test_a_token_is_asked_for(model):
    from starlette.testclient import TestClient

    from sketchrnn.server import Service, create_app

    app = create_app(Service({"tiny": model}, token="geheim"))
    with TestClient(app, base_url="http://localhost") as client:
        assert post(client, "generate").status_code == 401
        assert [client.get(path).status_code for path in ("/v1/models", "/metrics")] == [401, 401]
        assert client.get("/health").status_code == 200
        assert post(client, "generate", headers={"authorization": "Bearer x"}).status_code == 401
        right = {"authorization": "Bearer geheim"}
        assert post(client, "generate", headers=right).status_code == 200


def test_who_comes_when_many_wait_is_told_so(client, model, monkeypatch):
    begun, goes_on = threading.Event(), threading.Event()
    real = type(model).generate

    def slow(self, *arguments, **options):
        begun.set()
        assert goes_on.wait(30)
        return real(self, *arguments, **options)

    monkeypatch.setattr(type(model), "generate", slow)
    client.service.limits = type(client.service.limits)(waiting=1)
    answers = []
    first = threading.Thread(target=lambda: answers.append(post(client, "generate").status_code))
    first.start()
    assert begun.wait(30)
    refused = post(client, "generate")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    goes_on.set()
    first.join()
    assert answers == [200]


def test_the_command_says_in_a_line_why_it_cannot_begin(tiny_folder, tmp_path, capsys):
    pytest.importorskip("uvicorn")
    from sketchrnn.cli.main import main

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        twin = shutil.copytree(tiny_folder, tmp_path / "twin" / tiny_folder.name)
        for words, problem in (
            ([str(tiny_folder), "--port", port], f"port {port} of 127.0.0.1 cannot be used"),
            ([str(tiny_folder), str(twin)], "two models are called"),
            ([str(tiny_folder), "--host", "0.0.0.0"], "name a token"),
            ([str(tiny_folder), "--most-drawings", "-5"], "--most-drawings"),
        ):
            with pytest.raises(SystemExit) as left:
                main(["serve", *words])
            assert left.value.code == 2
            assert problem in capsys.readouterr().err


def test_it_tells_of_itself(client):
    post(client, "generate")
    post(client, "nothing")
    text = client.get("/metrics").text
    assert 'sketchrnn_requests_total{command="generate",status="200"} 1' in text
    assert 'sketchrnn_requests_total{command="other",status="404"} 1' in text
    assert client.get("/v1/models").json()["models"][0]["name"] == "tiny"
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.")
    assert "/v1/{model}/complete" in document["paths"]
    assert "StoredDrawing" in json.dumps(document["components"])
