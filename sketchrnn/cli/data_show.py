"""`sketchrnn data info` and `data show`: tell and draw what a data file holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from sketchrnn.data import DataFile
    from sketchrnn.drawing import Drawing


@click.command()
@click.argument("file", metavar="FILE.h5")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def info(file: str, as_json: bool) -> None:
    """Tell what a data file holds.

    \b
    Example:
      sketchrnn data info kanji.h5
    """
    from sketchrnn.data import open_data

    with open_data(file) as opened:
        facts = _facts(opened)
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
        click.echo(f"{name:12}  {text}")


@click.command()
@click.argument("file", metavar="FILE.h5")
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="OUT",
    help="A file .svg, .png, .pdf or .html; - for SVG on standard output.",
)
@click.option(
    "--split",
    type=click.Choice(["train", "valid", "test", "all"]),
    default="train",
    show_default=True,
    help="Where to choose from.",
)
@click.option(
    "-n", "count", type=click.IntRange(min=1), default=64, show_default=True, help="How many."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the choice.")
@click.option("--columns", type=click.IntRange(min=1), default=8, show_default=True)
@click.option("--category", help="Choose from one category.")
@click.option("--title", help="At the head of the page.")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
def show(
    file: str,
    output: str,
    split: str,
    count: int,
    seed: int,
    columns: int,
    category: str | None,
    title: str | None,
    force: bool,
) -> None:
    """Draw a random choice of a data file's drawings on a page.

    \b
    Examples:
      sketchrnn data show kanji.h5 -o kanji.png
      sketchrnn data show kanji.h5 -o test.svg --split test -n 200 --columns 20 --seed 7
    """
    import numpy as np

    from sketchrnn.data import open_data
    from sketchrnn.drawing import BadSettingError
    from sketchrnn.drawing.files import check_output
    from sketchrnn.render import gallery
    from sketchrnn.render.save import check_suffix

    if output != "-":
        check_suffix(output)
        check_output(output, overwrite=force)
    with open_data(file) as opened:
        pool: Any = opened if split == "all" else opened[split]
        indices = np.arange(len(pool))
        if category is not None:
            if category not in opened.categories:
                raise BadSettingError(
                    f"has no category {category!r}",
                    path=file,
                    hint=f"choose one of {', '.join(opened.categories[:10]) or 'none'}",
                )
            parts = list(opened.splits.values()) if split == "all" else [pool]
            wanted = opened.categories.index(category)
            indices = np.flatnonzero(np.concatenate([part.categories for part in parts]) == wanted)
        chosen = np.random.default_rng(seed).permutation(indices)[:count]
        drawings = [pool[int(index)] for index in sorted(chosen)]
        recipe = {
            "data": Path(file).name,
            "fingerprint": opened.fingerprint,
            "split": split,
            "seed": seed,
            "licence": opened.info.get("licence"),
            "attribution": opened.info.get("attribution"),
        }
        many = len(opened.categories) > 1
    # where a font is needed to paint, few machines have one for every character
    painted = output.lower().endswith((".png", ".pdf"))
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
