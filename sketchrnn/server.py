"""The requests of `requests` over HTTP: drawings in, drawings or pictures out.

    POST /v1/MODEL/COMMAND     a request as JSON, without its command -> drawings, SVG or PNG
    GET  /v1/models            the models and what they know
    GET  /openapi.json         all of this as OpenAPI, made of the same structs
    GET  /health, /metrics     for whoever watches (Prometheus's text format)

A request may come from anybody who reaches the port: it is checked like a page's recipe, reads no
file, and is bounded in body, drawings, steps and waiting. Pages of other origins are refused.
"""

from __future__ import annotations

import asyncio
import collections
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sketchrnn import requests
from sketchrnn.drawing import BadFileError, Drawing, SketchRNNError
from sketchrnn.recipe_inputs import AnyInput, InputResolver, StoredDrawing, StoredDrawings

if TYPE_CHECKING:
    from sketchrnn.api import SketchRNN

COMMANDS: dict[str, type[requests.Request]] = {
    str(kind.__struct_config__.tag): kind
    for kind in (
        *(requests.Generate, requests.Complete, requests.Reconstruct, requests.Interpolate),
        *(requests.Loop, requests.Grid, requests.Shift, requests.Average, requests.Walk),
    )
}
"""What is served: what needs no file of the server's."""

FORMATS = {"json": "application/json", "svg": "image/svg+xml", "png": "image/png"}
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True)
class Limits:
    """What one request may ask for.

    Attributes:
        body: Bytes of a body.
        drawings: Drawings that are drawn, and that are given.
        steps: Steps of the pen, over all drawings.
        waiting: Requests that wait; one more is answered with 429.
        seconds: Within which a body must have come.
    """

    body: int = 1 << 20
    drawings: int = 256
    steps: int = 200_000
    waiting: int = 32
    seconds: float = 10.0


class _NoFiles(InputResolver):
    """Takes drawings out of the request alone."""

    def pool(self, source: AnyInput) -> str | list[Drawing]:
        if not isinstance(source, StoredDrawings):
            raise BadFileError("a request names no files", hint='send {"kind": "drawings", …}')
        return super().pool(source)


class _RefusedError(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, problem: str) -> None:
        super().__init__(problem)
        self.status = status


class Service:
    """Models and what is known of the requests so far.

    Args:
        models: By the name in the address.
        token: What `Authorization: Bearer` must say; None: nothing.
        limits: Of each request.
    """

    def __init__(
        self,
        models: Mapping[str, SketchRNN],
        token: str | None = None,
        limits: Limits | None = None,
    ) -> None:
        """Begin with an empty queue."""
        self.models = dict(models)
        self.token = token
        self.limits = limits or Limits()
        self._one = ThreadPoolExecutor(1)  # the products take all processors already
        self._waiting = 0
        self._answers: collections.Counter[tuple[str, int]] = collections.Counter()
        self._seconds = 0.0

    async def draw(self, http: HttpRequest) -> Response:
        """Answer POST /v1/MODEL/COMMAND."""
        command = http.path_params["command"]
        try:
            response = await self._draw(http, command)
        except _RefusedError as refusal:
            headers = {"Retry-After": "1"} if refusal.status == 429 else None
            response = JSONResponse({"error": str(refusal)}, refusal.status, headers)
        self._answers[command if command in COMMANDS else "other", response.status_code] += 1
        return response

    async def _draw(self, http: HttpRequest, command: str) -> Response:
        self._check_caller(http)
        model = self.models.get(http.path_params["model"])
        if model is None or command not in COMMANDS:
            raise _RefusedError(
                404, f"there are {', '.join(self.models)} and {', '.join(COMMANDS)}"
            )
        kind = http.query_params.get("format", "json")
        if kind not in FORMATS:
            raise _RefusedError(400, f"format is one of {', '.join(FORMATS)}")
        request = self._read(await self._body(http), command, model)
        if self._waiting >= self.limits.waiting:
            raise _RefusedError(429, "too many requests wait already")
        self._waiting += 1
        began = time.monotonic()
        try:
            loop = asyncio.get_running_loop()
            content = await loop.run_in_executor(self._one, _answer, request, model, kind)
        except SketchRNNError as error:
            raise _RefusedError(400, str(error)) from error
        finally:
            self._waiting -= 1
            self._seconds += time.monotonic() - began
        return Response(content, media_type=FORMATS[kind])

    def _check_caller(self, http: HttpRequest) -> None:
        """Refuse who has no token, and a browser's page of another origin."""
        origin = http.headers.get("origin")
        if origin is not None and origin.partition("://")[2] != http.headers.get("host"):
            raise _RefusedError(403, "pages of other origins are not answered")
        if self.token is not None:
            given = http.headers.get("authorization", "").encode()
            if not hmac.compare_digest(given, f"Bearer {self.token}".encode()):
                raise _RefusedError(401, "the token is missing or wrong")

    def _refuse_caller(self, http: HttpRequest) -> Response | None:
        try:
            self._check_caller(http)
        except _RefusedError as refusal:
            return JSONResponse({"error": str(refusal)}, refusal.status)
        return None

    async def _body(self, http: HttpRequest) -> bytes:
        """Return the body, as far as it is not too long and comes in time."""
        content = bytearray()
        try:
            async with asyncio.timeout(self.limits.seconds):
                async for part in http.stream():
                    content += part
                    if len(content) > self.limits.body:
                        raise _RefusedError(
                            413, f"the body has more than {self.limits.body:,} bytes"
                        )
        except TimeoutError as error:
            raise _RefusedError(408, "the body did not come in time") from error
        return bytes(content)

    def _read(self, body: bytes, command: str, model: SketchRNN) -> requests.Request:
        try:
            values = msgspec.json.decode(body or b"{}")
        except (msgspec.DecodeError, RecursionError) as error:
            raise _RefusedError(400, f"the body is no JSON ({error})") from error
        if not isinstance(values, dict):
            raise _RefusedError(400, "the body is no JSON object")
        try:
            request = requests.from_dict({**values, "command": command})
        except SketchRNNError as error:
            raise _RefusedError(400, str(error)) from error
        count = request.num_drawn()
        steps = request.max_total_steps(model.config.max_seq_len)
        if count > self.limits.drawings or steps > self.limits.steps:
            raise _RefusedError(
                400,
                f"up to {self.limits.drawings} drawings and {self.limits.steps:,} steps are drawn; "
                f"this asks for up to {steps:,} steps",
            )
        return request

    async def list_models(self, http: HttpRequest) -> Response:
        """Answer GET /v1/models."""
        if refused := self._refuse_caller(http):
            return refused
        facts = [
            {
                "name": name,
                "encoder": model.config.conditional,
                "categories": list(model.categories),
                "max_steps": model.config.max_seq_len,
                "licence": (model.provenance.get("data") or {}).get("licence"),
                "attribution": (model.provenance.get("data") or {}).get("attribution"),
            }
            for name, model in self.models.items()
        ]
        return JSONResponse({"models": facts})

    async def health(self, http: HttpRequest) -> Response:
        """Answer GET /health."""
        return JSONResponse({"status": "ok", "waiting": self._waiting})

    async def metrics(self, http: HttpRequest) -> Response:
        """Answer GET /metrics in Prometheus's text format."""
        if refused := self._refuse_caller(http):
            return refused
        lines = [
            "# TYPE sketchrnn_requests_total counter",
            *(
                f'sketchrnn_requests_total{{command="{command}",status="{status}"}} {count}'
                for (command, status), count in sorted(self._answers.items())
            ),
            "# TYPE sketchrnn_seconds_total counter",
            f"sketchrnn_seconds_total {self._seconds:.3f}",
            "# TYPE sketchrnn_waiting gauge",
            f"sketchrnn_waiting {self._waiting}",
        ]
        return PlainTextResponse("\n".join(lines) + "\n")

    async def openapi(self, http: HttpRequest) -> Response:
        """Answer GET /openapi.json."""
        return JSONResponse(openapi(self.models))


def _answer(request: requests.Request, model: SketchRNN, kind: str) -> bytes:
    drawings = request.run(model, _NoFiles())
    if kind == "json":
        listed = [_described(drawing) for drawing in requests.flatten(drawings)]
        return json.dumps({"drawings": listed}, ensure_ascii=False).encode()
    from sketchrnn.render import gallery

    page = gallery(drawings, recipe=requests.page_recipe(request, model))
    return page.encode(f".{kind}")


def _described(drawing: Drawing) -> dict[str, Any]:
    stored = cast(dict[str, Any], msgspec.to_builtins(StoredDrawing.of(drawing)))
    known = ("seed", "number", "nats", "nats_per_step", "ended", "scale")
    notes = {key: drawing.metadata[key] for key in known if key in drawing.metadata}
    return {**stored, "metadata": notes}


def openapi(models: Sequence[str] | Mapping[str, Any]) -> dict[str, Any]:
    """Return the OpenAPI document of a server of these models."""
    kinds = list(COMMANDS.values())
    schemas, components = msgspec.json.schema_components(
        kinds, ref_template="#/components/schemas/{name}"
    )
    named = {"name": "model", "in": "path", "required": True}
    formats = {"name": "format", "in": "query", "schema": {"enum": list(FORMATS)}}
    paths = {
        f"/v1/{{model}}/{command}": {
            "post": {
                "summary": (kind_of.__doc__ or "").strip().splitlines()[0],
                "parameters": [{**named, "schema": {"enum": list(models)}}, formats],
                "requestBody": {"content": {"application/json": {"schema": schema}}},
                "responses": {
                    "200": {
                        "description": "Drawings",
                        "content": {t: {} for t in FORMATS.values()},
                    },
                    "400": {"description": "The request cannot be carried out"},
                    "429": {"description": "Too many requests wait"},
                },
            }
        }
        for (command, kind_of), schema in zip(COMMANDS.items(), schemas, strict=True)
    }
    from sketchrnn import __version__

    return {
        "openapi": "3.1.0",
        "info": {"title": "sketchrnn", "version": __version__},
        "paths": paths,
        "components": {"schemas": components},
    }


def create_app(service: Service, hosts: Sequence[str] = LOOPBACK) -> Starlette:
    """Return the application.

    Args:
        service: The models.
        hosts: The names by which it may be called; a page that has its own name point here (DNS
            rebinding) is not answered.
    """
    return Starlette(
        routes=[
            Route("/v1/models", service.list_models),
            Route("/v1/{model}/{command}", service.draw, methods=["POST"]),
            Route("/openapi.json", service.openapi),
            Route("/health", service.health),
            Route("/metrics", service.metrics),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))],
    )
