"""`sketchrnn studio`: a page on which a model and a hand draw together."""

from __future__ import annotations

import click


@click.command()
@click.argument("models", nargs=-1, required=True, metavar="MODEL…")
@click.option(
    "-o",
    "--output",
    metavar="OUT.html",
    help="Write the page there; otherwise it is shown in the browser, from a server on this "
    "machine, until Ctrl-C.",
)
@click.option(
    "--bits",
    type=click.Choice(["8", "16", "32"]),
    default="8",
    show_default=True,
    help="Bits for each weight: fewer make a smaller page. The command prints what that costs.",
)
@click.option("--title", default="sketchrnn studio", show_default=True, help="Title of the page.")
@click.option("--force", is_flag=True, help="Replace a page that exists.")
def studio(models: tuple[str, ...], output: str | None, bits: str, title: str, force: bool) -> None:
    """Make a page on which one draws together with MODEL, or with several to choose from.

    The page is one HTML file that asks for nothing else: it works offline, and can be mailed. One
    draws with mouse, touch or pen, and the model answers with endings, which one takes whole or
    stroke by stroke. What is drawn is saved as SVG, PNG, moving SVG, a plotter sheet or JSON lines,
    which `sketchrnn data convert` reads.

    \b
    Examples:
      sketchrnn studio kanji -o studio.html
      sketchrnn studio car things -o studio.html --bits 16
      sketchrnn studio kanji
    """
    from sketchrnn.api import load
    from sketchrnn.drawing.files import check_output
    from sketchrnn.studio_page import studio as make

    if output is not None:
        check_output(output, overwrite=force)
    made = make([load(name) for name in models], int(bits), title)
    for name, cost in made.cost.items():
        if bits != "32":
            click.echo(f"{name}: rounding costs {cost:+.4f} nats a point", err=True)
    if output is not None:
        made.save(output, overwrite=force)
        click.echo(f"{output}  ({len(made.html.encode()) / 1e6:.1f} MB)", err=True)
        return
    _serve(made.html)


def _serve(page: str) -> None:
    """Show the page in the browser until the user interrupts."""
    import http.server
    import webbrowser

    content = page.encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content) if found else 0))
            self.end_headers()
            if found:
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing of requests."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        address = f"http://127.0.0.1:{server.server_port}/"
        click.echo(f"{address}  (Ctrl-C ends it)", err=True)
        webbrowser.open(address)
        server.serve_forever()
