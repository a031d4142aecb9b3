"""`sketchrnn evaluate`: the figures of a model on a data file."""

from __future__ import annotations

import json

import click

_MEANINGS = {
    "num_drawings": "drawings",
    "num_points": "their points",
    "nats_per_drawing": "offset and pen of a drawing with its end, nats, model units",
    "nats_per_point": "the same, / points",
    "nats_per_point_data_units": "the same in data units, comparable across scales",
    "kl_raw": "KL, nats, mean over z",
    "kl_per_drawing": "KL, nats, sum over z",
    "active_units": "entries of z that tell drawings apart",
    "magenta_eval": "the reference's evaluation loss",
    "magenta_train": "the reference's training loss",
    "n_max": "N_max of those two",
}


@click.command()
@click.argument("model")
@click.argument("data", metavar="FILE.h5")
@click.option("--split", default="test", show_default=True, help="train, valid or test.")
@click.option("--json", "as_json", is_flag=True, help="All figures as JSON.")
def evaluate(model: str, data: str, split: str, as_json: bool) -> None:
    """Measure how well a model predicts the drawings of a data file.

    \b
    Example:
      sketchrnn evaluate kanji kanji.h5 --split test --json
    """
    from sketchrnn.data import open_data
    from sketchrnn.sketch_rnn import load

    with open_data(data) as file:
        _ = file[split]  # a wrong split is said before a framework is loaded
        figures = load(model).evaluate(file, split)
    if as_json:
        click.echo(json.dumps(figures, indent=2))
        return
    width = max(map(len, _MEANINGS))
    for name, meaning in _MEANINGS.items():
        if name in figures:
            value = figures[name]
            text = f"{value:,}" if isinstance(value, int) else f"{value:.4f}"
            click.echo(f"{name:<{width}}  {text:>12}  {meaning}")
