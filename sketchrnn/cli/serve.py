"""`sketchrnn serve`: models over HTTP."""

from __future__ import annotations

import socket

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
@click.option(
    "--most-drawings",
    type=click.IntRange(1, 100_000),
    default=256,
    show_default=True,
    help="The most drawings that a request may ask for.",
)
@click.option(
    "--most-waiting",
    type=click.IntRange(1, 10_000),
    default=32,
    show_default=True,
    help="The most requests that wait; one more is answered with 429.",
)
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
    named = {}
    for name in models:
        model = load(name)
        label = model.name or name
        if label in named:
            raise BadSettingError(f"two models are called {label!r}", hint="rename a folder")
        named[label] = model
    service = Service(named, token, Limits(drawings=most_drawings, waiting=most_waiting))
    hosts = [*LOOPBACK, host] if host != "0.0.0.0" else ["*"]
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
        except OSError as error:  # before uvicorn, which ends with a status of its own
            raise BadSettingError(
                f"port {port} of {host} cannot be used ({error.strerror})", hint="choose another"
            ) from error
        click.echo(f"http://{host}:{listening.getsockname()[1]}/v1/models", err=True)
        settings = uvicorn.Config(
            create_app(service, hosts),
            log_level="warning",
            timeout_keep_alive=10,
            limit_concurrency=1000,
            server_header=False,
        )
        uvicorn.Server(settings).run(sockets=[listening])
