"""Draw with @magenta/sketch in Chromium, and take a picture: docs/kanji-in-javascript.png.

for k in {0..23}; do sketchrnn model export kanji -o kanji-$k.gen.json --seed $k; done
npm pack @magenta/sketch@0.2.0 && tar -xzf magenta-sketch-0.2.0.tgz
python docs/draw_in_browser.py package/dist/magentasketch.js kanji-{0..23}.gen.json \
    -o docs/kanji-in-javascript.png

Needs Chromium, playwright and Pillow; the page is draw_in_browser.html, and it sees no network.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from playwright import sync_api

PAGE = Path(__file__).with_name("draw_in_browser.html")
PROGRAMS = ("chromium", "chromium-browser", "chrome", "google-chrome")
COLUMNS, CELL, MARGIN = 8, 118, 12  # as the page's style has them; pixels
GREYS = 16
ORIGIN = "http://sketch.test/"  # no such host: every file is handed over here

Strokes = list[list[list[float]]]


def find_browser() -> str | None:
    """Return Chromium's place on this machine."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


def draw(
    client: Path,
    models: Sequence[Path],
    *,
    seed: int = 1,
    temperature: float = 0.15,
    softmax_temperature: float = 0.3,
) -> tuple[list[Strokes], bytes]:
    """Let the client draw with each model, once.

    Args:
        client: `dist/magentasketch.js` of the package.
        models: Decoders alone, as `sketchrnn model export` writes them.
        seed: Of the page's random numbers.
        temperature: Of the offsets, as `getPDF` takes it.
        softmax_temperature: Of the mixture and the pen.

    Returns:
        Strokes of each, lists of points in data units; and the picture, a PNG.

    Raises:
        playwright.sync_api.Error: If the browser cannot be started, or the page fails.
    """
    files = {"": PAGE, "magentasketch.js": client}
    files |= {f"{number}.json": model for number, model in enumerate(models)}
    complaints: list[str] = []

    def answer(route: sync_api.Route) -> None:
        file = files.get(route.request.url.removeprefix(ORIGIN))
        if file is None:
            route.abort()
        elif file is PAGE:
            route.fulfill(path=file, content_type="text/html")
        else:
            route.fulfill(path=file)

    rows = -(-len(models) // COLUMNS)
    width, height = (CELL * n + 2 * MARGIN - 8 for n in (min(len(models), COLUMNS), rows))
    asked: dict[str, Any] = {
        "count": len(models),
        "seed": seed,
        "temperature": temperature,
        "softmaxTemperature": softmax_temperature,
    }
    flags = ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=find_browser(), args=flags)
        page = browser.new_page(viewport={"width": width, "height": height})
        page.on("pageerror", lambda error: complaints.append(str(error)[:200]))
        page.route("**/*", answer)
        page.goto(ORIGIN)
        strokes = page.evaluate("(asked) => draw(asked)", asked)
        picture = page.screenshot()
        browser.close()
    if complaints:
        raise sync_api.Error(complaints[0])
    return strokes, picture


def main() -> None:
    """Read the command line, draw, and write the picture."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("client", type=Path, help="magentasketch.js")
    parser.add_argument("models", type=Path, nargs="+", help="files of `sketchrnn model export`")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--temperature", type=float, default=0.15)
    parser.add_argument("--softmax-temperature", type=float, default=0.3)
    parser.add_argument("-o", "--out", type=Path, required=True, help="a PNG")
    given = vars(parser.parse_args())
    out = given.pop("out")
    _, picture = draw(given.pop("client"), given.pop("models"), **given)
    Image.open(io.BytesIO(picture)).convert("L").quantize(GREYS).save(out, optimize=True)


if __name__ == "__main__":
    main()
