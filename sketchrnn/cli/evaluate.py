"""`sketchrnn evaluate`: the figures of a model on a data file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from sketchrnn.cli import options, page_output
from sketchrnn.cli.progress import watching

if TYPE_CHECKING:
    from sketchrnn.training.samples import SampleMetrics

_MEANINGS = {
    "Prediction": {
        "num_drawings": "drawings",
        "num_points": "their points",
        "nats_per_drawing": "offset and pen of a drawing with its end, nats, model units",
        "nats_per_point": "the same, / points",
        "nats_per_point_data_units": "the same in data units, comparable across scales",
        "kl_raw": "KL, nats, mean over z",
        "kl_floored": "the same, at least the KL floor of the training",
        "kl_per_drawing": "KL, nats, sum over z",
        "active_units": "entries of z that tell drawings apart",
        "magenta_eval": "the reference's evaluation loss",
        "magenta_train": "the reference's training loss",
        "n_max": "N_max of those two",
    },
    "Reconstruction": {
        "reconstructions": "drawings drawn again, at temperature 0.1",
        "reconstruction_error": "Chamfer distance, in units of a drawing's size, mean",
        "reconstruction_error_median": "median",
        "reconstruction_error_other": "for comparison, another real drawing in its place, mean",
    },
    "Samples": {
        "samples": "drawings made up",
        "valid_rate": "finite, not blank, ended by themselves, and several strokes, as the data",
        "blank_rate": "ink in one place at most",
        "one_stroke_rate": "one stroke only",
        "unended_rate": "as long as the model can draw",
        "diversity": "mean Chamfer distance of pairs, in units of a drawing's size",
        "diversity_ratio": "to that of real drawings",
        "novelty": "distance to the nearest training drawing, median",
        "novelty_p05": "of the nearest 5 in 100",
        "novelty_min": "of the nearest",
        "copy_rate": "nearer than copy_distance",
        "copy_distance": "what counts as a copy",
        "novelty_held_out": "for comparison, real drawings: median",
        "novelty_p05_held_out": "of the nearest 5 in 100",
        "novelty_min_held_out": "of the nearest",
        "copy_rate_held_out": "nearer than copy_distance",
    },
}


@click.command()
@click.argument("model")
@click.argument("data", metavar="FILE.h5")
@click.option("--split", default="test", show_default=True, help="train, valid or test.")
@click.option(
    "--samples",
    type=click.IntRange(0, 100_000),
    default=200,
    show_default=True,
    help="Drawings to be made up, and compared with those of the file; 0: none.",
)
@click.option(
    "-t",
    "--temperature",
    type=float,
    default=0.4,
    show_default=True,
    help="Of the samples: 0 draws the likeliest, 1 as varied as the data.",
)
@click.option(
    "--temperature-rule",
    type=options.RULES,
    default="paper",
    show_default=True,
    help="What the temperature acts on: the paper's, Magenta's or sketch-rnn-js's.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the samples."
)
@click.option(
    "--pairs",
    metavar="OUT",
    help="A page .svg, .png, .pdf or .html of the samples most like a training drawing, each above "
    "that drawing.",
)
@click.option("--json", "as_json", is_flag=True, help="All figures as JSON.")
@click.option("--force", is_flag=True, help="Replace a page that exists.")
def evaluate(
    model: str,
    data: str,
    split: Any,
    samples: int,
    temperature: float,
    temperature_rule: Any,
    seed: int,
    pairs: str | None,
    as_json: bool,
    force: bool,
) -> None:
    """Measure how well a model predicts the drawings of a data file, and what it makes up.

    \b
    Examples:
      sketchrnn evaluate kanji kanji.h5 --split test --json
      sketchrnn evaluate kanji kanji.h5 --samples 1000 -t 0.4 --pairs pairs.svg
    """
    from sketchrnn.api import load
    from sketchrnn.cli.drawing_input import check_data
    from sketchrnn.data import open_data
    from sketchrnn.drawing import BadSettingError
    from sketchrnn.recipe_inputs import describe_data
    from sketchrnn.requests import Pairs, Sampling, page_recipe
    from sketchrnn.sampling.mixture import temperature_rule as check_temperature

    check_temperature(temperature, temperature_rule)
    if pairs is not None:
        if not samples:
            raise BadSettingError("--pairs needs samples", hint="leave --samples 0 away")
        if pairs == "-" or page_output.is_folder(pairs):
            raise BadSettingError("--pairs writes one file", path=pairs, hint="write pairs.svg")
        page_output.check_output(pairs, force)
    check_data(data)
    with open_data(data) as file:
        _ = file[split]  # a wrong split is said before a framework is loaded
        loaded = load(model)
        with watching("measuring"):  # Keras does not say how far it is
            figures = loaded.evaluate(file, split, samples=0)
        if samples:
            with options.drawing(loaded):
                judged = loaded.judge_samples(
                    file, split, samples, temperature, temperature_rule, seed
                )
            figures |= judged.figures
            if pairs is not None:
                request = Pairs(
                    data=describe_data(data),
                    split=split,
                    samples=samples,
                    sampling=Sampling(
                        temperature=temperature, temperature_rule=temperature_rule, seed=seed
                    ),
                )
                _write_pairs(judged, pairs, force, page_recipe(request, loaded, model))
    if as_json:
        click.echo(json.dumps(figures, indent=2))
        return
    _print_table(figures)


def _print_table(figures: dict[str, Any]) -> None:
    width = max(len(name) for part in _MEANINGS.values() for name in part)
    for title, meanings in _MEANINGS.items():
        known = {name: meaning for name, meaning in meanings.items() if name in figures}
        if not known:
            continue
        heading = f"{title} ({figures['split']})" if title == "Prediction" else title
        if title == "Samples":
            heading += (
                f" (temperature {figures['temperature']:g}, rule {figures['temperature_rule']}, "
                f"seed {figures['seed']})"
            )
            if not figures["learned_from_this_data"]:
                heading += "; the model learned from other data than this file"
        click.echo(heading)
        for name, meaning in known.items():
            click.echo(f"  {name:<{width}}  {_shown(name, figures[name]):>12}  {meaning}")


def _shown(name: str, value: float) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.1%}" if name.removesuffix("_held_out").endswith("rate") else f"{value:.4f}"


def _write_pairs(judged: SampleMetrics, output: str, force: bool, recipe: dict[str, Any]) -> None:
    """Write a page of samples, each above the training drawing nearest to it."""
    from sketchrnn.render import gallery
    from sketchrnn.requests import Pairs

    captions: list[str] = []
    labels: list[str] = []
    for first in range(0, len(judged.pairs), Pairs.COLUMNS):
        some = judged.pairs[first : first + Pairs.COLUMNS]
        captions += [f"distance {pair.distance:.3f}" for pair in some]
        captions += [f"drawing {pair.index}" for pair in some]
        labels += ["made up", "nearest training drawing"]
    page = gallery(
        Pairs.rows(judged),
        captions=captions,
        row_labels=labels,
        title="The samples most like a training drawing",
        fit="each",
        recipe=recipe,
    )
    page.save(output, overwrite=force, note=lambda line: click.echo(f"sketchrnn: {line}", err=True))
    click.echo(output, err=True)
