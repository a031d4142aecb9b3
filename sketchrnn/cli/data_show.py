"""`sketchrnn data info` and `data show`: tell and draw what a data file holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sketchrnn.cli import options
from sketchrnn.requests import Show

if TYPE_CHECKING:
    from sketchrnn.data import DataFile
    from sketchrnn.drawing import Drawing
    from sketchrnn.render.gallery import Gallery


@click.command()
@click.argument("file", metavar="FILE.h5")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.option(
    "--plot",
    metavar="OUT",
    help="Also draw how long the drawings are, before and after, as .svg, .png, .pdf or .html.",
)
@click.option("--force", is_flag=True, help="Replace a picture that exists.")
def info(file: str, as_json: bool, plot: str | None, force: bool) -> None:
    """Tell what a data file holds.

    \b
    Examples:
      sketchrnn data info kanji.h5
      sketchrnn data info kanji.h5 --plot lengths.svg
    """
    from sketchrnn.data import open_data
    from sketchrnn.drawing.errors import printable
    from sketchrnn.drawing.files import check_output
    from sketchrnn.render.save import check_suffix

    if plot is not None:
        check_suffix(plot)
        check_output(plot, overwrite=force)
    with open_data(file) as opened:
        facts = _facts(opened)
        if plot is not None:
            page = _lengths(opened)
            page.save(plot, overwrite=force, note=lambda line: click.echo(line, err=True))
    if as_json:
        click.echo(json.dumps(facts, indent=2, ensure_ascii=False))
        return
    preparation = facts["preparation"]
    epsilon = preparation["epsilon"]
    rows = [
        ("file", facts["file"]),
        ("drawings", f"{facts['drawings']:,}"),
        *(
            (
                f"  {name}",
                f"{split['drawings']:,}, {split['mean_steps']:.1f} steps in the mean, "
                f"{split['max_steps']} at most",
            )
            for name, split in facts["splits"].items()
        ),
        ("categories", _common(facts["categories"]) or "none"),
        ("scale factor", f"{facts['scale_factor']:.4f}"),
        ("data units", f"extent {preparation['extent']:g}, fit {preparation['fit']}"),
        ("simplified", f"epsilon {epsilon:g}" if epsilon > 0 else "no"),
        ("numbers", facts["numbers"]),
        ("licence", facts["licence"] or "unknown"),
        ("attribution", facts["attribution"] or "unknown"),
        ("source", ", ".join(facts["sources"]) or "unknown"),
        ("fingerprint", facts["fingerprint"]),
    ]
    for name, text in rows:
        click.echo(printable(f"{name:12}  {text}"))


@click.command()
@click.argument("file", metavar="FILE.h5")
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="OUT",
    help="A file .svg, .png, .pdf or .html; - for SVG on standard output.",
)
@options.request_options(Show, "n", "split", "seed", "category", "before_after")
@click.option("--columns", type=click.IntRange(min=1), default=8, show_default=True)
@click.option("--title", help="At the head of the page.")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
def show(
    file: str, fields: dict[str, Any], output: str, columns: int, title: str | None, force: bool
) -> None:
    """Draw a random choice of a data file's drawings on a page.

    \b
    Examples:
      sketchrnn data show kanji.h5 -o kanji.png
      sketchrnn data show kanji.h5 -o test.svg --split test -n 200 --columns 20 --seed 7
      sketchrnn data show kanji.h5 -o simplified.svg --before-after -n 8
    """
    from sketchrnn.data import open_data
    from sketchrnn.drawing.files import check_output
    from sketchrnn.recipe_inputs import describe_data
    from sketchrnn.render import gallery
    from sketchrnn.render.save import check_suffix
    from sketchrnn.requests import page_recipe

    if output != "-":
        check_suffix(output)
        check_output(output, overwrite=force)
    # where a font is needed to paint, few machines have one for every character
    painted = output.lower().endswith((".png", ".pdf"))
    request = Show(data=describe_data(file), **fields)
    with open_data(file) as opened:
        recipe = {
            **page_recipe(request, None),
            "data": Path(file).name,
            "fingerprint": opened.fingerprint,
            "licence": opened.info.get("licence"),
            "attribution": opened.info.get("attribution"),
        }
        if request.before_after:
            page = _before_after(opened, request, columns, title, recipe, painted)
        else:
            drawings = request.choose(opened)
            many = len(opened.categories) > 1
            captions = [_character(d, painted) or (d.category if many else None) for d in drawings]
            page = gallery(
                drawings,
                columns=min(columns, max(len(drawings), 1)),
                title=title,
                captions=captions if any(captions) else None,
                recipe=recipe,
            )
    if output == "-":
        click.echo(page.to_svg().rstrip())
    else:
        page.save(output, overwrite=force, note=lambda line: click.echo(line, err=True))


def _before_after(
    opened: DataFile,
    request: Show,
    columns: int,
    title: str | None,
    recipe: dict[str, Any],
    painted: bool,
) -> Gallery:
    """Lay out the examples of a data file in pairs."""
    from sketchrnn.render import gallery

    examples = request.choose_examples(opened)
    drawings, captions = [], []
    for example in examples:
        name = Path(example.name).name
        if painted:
            name = "".join(c if c < "\u2e80" else f"U+{ord(c):04X}" for c in name)
        for drawing, when in ((example.before, name), (example.after, "kept")):
            drawings.append(drawing)
            captions.append(f"{when}: {drawing.num_points} points")
    epsilon = opened.preparation.epsilon
    kept = f"simplified to within {epsilon:g} units" if epsilon > 0 else "not simplified"
    return gallery(
        drawings,
        columns=2 * max(1, min(columns // 2, len(examples))),
        title=title or f"As they came, and {kept}",
        captions=captions,
        recipe=recipe,
        size=192,
        fit="each",
        points=True,
        stroke_width=1.3,
    )


def _lengths(opened: DataFile) -> Gallery:
    """Plot how many steps the drawings have, before and after."""
    import numpy as np

    from sketchrnn.render.histogram import Panel, histograms

    lengths = np.concatenate([split.lengths for split in opened.splits.values()])
    values, numbers = np.unique(lengths, return_counts=True)
    after = dict(zip(values.tolist(), numbers.tolist(), strict=True))
    before = (opened.info.get("report") or {}).get("before", {}).get("counts", {})
    came = {int(steps): int(number) for steps, number in before.items()}
    limit = opened.preparation.max_steps
    panels = [Panel("In the data file", after, _summary(after))]
    if limit is not None:
        panels = [Panel("In the data file", after, _summary(after), (limit, f"limit {limit}"))]
    if came:
        panels.insert(0, Panel("As they came", came, _summary(came)))
    return histograms(panels, "steps a drawing", f"{opened.path.name}: {len(opened):,} drawings")


def _summary(counts: dict[int, int]) -> str:
    total = sum(counts.values())
    if not total:
        return ""
    mean = sum(value * number for value, number in counts.items()) / total
    seen = 0
    median = 0
    for median in sorted(counts):
        seen += counts[median]
        if 2 * seen >= total:
            break
    return f"mean {mean:.1f}, median {median}, longest {max(counts):,}"


def _character(drawing: Drawing, as_code_point: bool) -> str | None:
    character = drawing.metadata.get("character")
    if not isinstance(character, str) or len(character) != 1:
        return None
    return f"U+{ord(character):04X}" if as_code_point else character


def _facts(opened: DataFile) -> dict[str, Any]:
    """Return everything that `info` tells, for JSON."""
    import numpy as np

    splits = {}
    categories: dict[str, int] = {}
    for name, split in opened.splits.items():
        lengths = split.lengths
        splits[name] = {
            "drawings": len(split),
            "steps": int(lengths.sum()),
            "mean_steps": round(float(lengths.mean()), 3) if len(split) else 0.0,
            "max_steps": int(lengths.max(initial=0)),
        }
        numbers, counts = np.unique(split.categories, return_counts=True)
        for number, count in zip(numbers, counts, strict=True):
            if number < len(opened.categories):
                word = opened.categories[number]
                categories[word] = categories.get(word, 0) + int(count)
    first = next(iter(opened.splits.values()), None)
    sources = opened.info.get("sources", [])
    return {
        "file": str(opened.path),
        "drawings": len(opened),
        "splits": splits,
        "categories": categories,
        "scale_factor": opened.scale_factor,
        "preparation": opened.preparation.to_dict(),
        "numbers": str(first.rows(0).dtype) if first is not None and len(first) else None,
        "licence": opened.info.get("licence"),
        "attribution": opened.info.get("attribution"),
        "sources": [" ".join(str(x) for x in source.values() if x) for source in sources],
        "fingerprint": opened.fingerprint,
        "report": opened.info.get("report"),
    }


def _common(counts: dict[str, int], most: int = 8) -> str:
    ranked = sorted(counts.items(), key=lambda pair: -pair[1])
    text = ", ".join(f"{name} {count:,}" for name, count in ranked[:most])
    return text + (f" and {len(ranked) - most} more" if len(ranked) > most else "")
