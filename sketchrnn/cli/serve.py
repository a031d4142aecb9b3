"""`sketchrnn serve`: models over HTTP."""

from __future__ import annotations

import os

import click


@click.command()
@click.argument("models", nargs=-1, required=True, metavar="MODEL…")
@click.option("--port", type=click.IntRange(0, 65535), default=8642, show_default=True)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen at; another than this machine's own wants a token.",
)
@click.option(
    "--token",
    envvar="SKETCHRNN_TOKEN",
    help="Answer only requests with `Authorization: Bearer TOKEN`; otherwise SKETCHRNN_TOKEN.",
)
@click.option("--most-drawings", type=int, default=256, show_default=True, help="In a request.")
@click.option("--most-waiting", type=int, default=32, show_default=True, help="Requests that wait.")
def serve(
    models: tuple[str, ...],
    port: int,
    host: str,
    token: str | None,
    most_drawings: int,
    most_waiting: int,
) -> None:
    """Answer requests for drawings over HTTP.

    POST /v1/MODEL/generate (complete, reconstruct, interpolate, …) takes a request as JSON and
    returns drawings as JSON, or a page with ?format=svg or png. /openapi.json describes it all.
    Ctrl-C or SIGTERM lets what was begun come to its end.

    \b
    Examples:
      sketchrnn serve kanji
      curl -d '{"n": 4}' 'http://127.0.0.1:8642/v1/kanji/generate?format=svg' -o four.svg
    """
    from sketchrnn.api import load
    from sketchrnn.drawing import BadSettingError, MissingDependencyError

    try:
        import uvicorn

        from sketchrnn.server import LOOPBACK, Limits, Service, create_app
    except ImportError as error:
        raise MissingDependencyError(
            "Starlette and uvicorn are not installed", hint="pip install 'sketchrnn[serve]'"
        ) from error
    if host not in ("127.0.0.1", "localhost", "::1") and not token:
        raise BadSettingError(
            f"{host} can be reached from other machines", hint="name a token with --token"
        )
    named = {os.path.basename(os.path.normpath(name)): load(name) for name in models}  # noqa: PTH119
    service = Service(named, token, Limits(drawings=most_drawings, waiting=most_waiting))
    hosts = [*LOOPBACK, host] if host != "0.0.0.0" else ["*"]
    click.echo(f"http://{host}:{port}/v1/models", err=True)
    uvicorn.run(
        create_app(service, hosts),
        host=host,
        port=port,
        log_level="warning",
        timeout_keep_alive=10,
        limit_concurrency=1000,
        server_header=False,
    )
