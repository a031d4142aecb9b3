"""A run as one HTML page that needs no other file and no network."""

from __future__ import annotations

import base64
import dataclasses
import html
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sketchrnn.drawing import BadFileError, Drawing
from sketchrnn.render import gallery
from sketchrnn.render.line_chart import Series, line_plot
from sketchrnn.training.run_folder import RUN_FILE

_CONFIG_FILE, _METRICS_FILE = "config.json", "metrics.jsonl"
_MOST_PAGES = 9
_LARGEST_PAGE = 4 << 20
"""A page of samples of more bytes is left out: the report is to be sent about."""
_LARGEST = 1e30
_LARGEST_JSON = 64 << 20


@dataclasses.dataclass(frozen=True)
class Run:
    """What a run's folder says, as far as it goes.

    Attributes:
        path: The folder.
        run: What is in run.json.
        model: What is in config.json; empty before the first validation.
        rows: Of metrics.jsonl: {split: {step: figures}}, both in order.
        events: Of metrics.jsonl, what tells of an event.
        unread: How many lines of metrics.jsonl could not be read.
    """

    path: Path
    run: Mapping[str, Any]
    model: Mapping[str, Any]
    rows: Mapping[str, Mapping[int, Mapping[str, float]]]
    events: Sequence[Mapping[str, Any]]
    unread: int

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings of the training."""
        return _dict(self.run.get("training"))

    @property
    def config(self) -> Mapping[str, Any]:
        """The shape of the network."""
        return _dict(self.run.get("config"))

    @property
    def provenance(self) -> Mapping[str, Any]:
        """What the model says of where it comes from."""
        return _dict(self.model.get("provenance"))

    @property
    def data(self) -> Mapping[str, Any]:
        """What the model says of the data."""
        return _dict(self.provenance.get("data"))


def read_run(path: Path) -> Run:
    """Read what a run has written so far.

    Raises:
        BadFileError: If there is no run, or a file of it cannot be read.
    """
    if not (path / RUN_FILE).is_file():
        problem = "is no run" if path.exists() else "no such folder"
        raise BadFileError(problem, path=path, hint="name the folder of `sketchrnn train -o`")
    run = _read_json(path / RUN_FILE)
    model = _read_json(path / _CONFIG_FILE) if (path / _CONFIG_FILE).is_file() else {}
    rows: dict[str, dict[int, dict[str, float]]] = {}
    events = []
    unread = 0
    for line in _text(path / _METRICS_FILE).splitlines() if (path / _METRICS_FILE).exists() else ():
        try:
            row = json.loads(line)
            step = int(row["step"])
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
            unread += 1  # the last line of a run that was broken off, most likely
            continue
        if "event" in row:
            events.append(row)
        elif isinstance(row.get("split"), str):
            # a run that went on from a checkpoint has some steps twice: the later ones count
            figures = {k: _number(v) for k, v in row.items() if _is_number(v)}
            rows.setdefault(row["split"], {})[step] = figures
    ordered = {split: dict(sorted(found.items())) for split, found in rows.items()}
    return Run(path, run, model, ordered, events, unread)


def run_page(
    run: Run,
    *,
    reconstructions: Sequence[tuple[Drawing, Drawing]] = (),
    data_facts: Mapping[str, Any] | None = None,
    note: str = "",
) -> str:
    """Return the page.

    Args:
        run: As `read_run` gives it.
        reconstructions: Drawings and what the model makes of them, in one unit.
        data_facts: More rows for the card of the data, by label.
        note: Why there are no reconstructions.
    """
    name = run.path.resolve().name
    parts = [
        _HEAD.format(title=html.escape(name), style=_STYLE),
        f"<header><h1>{html.escape(name)}</h1><p>{html.escape(_status(run))}</p></header>\n<main>",
        _figures(run),
        _curves(run),
        _samples(run),
        _reconstructed(reconstructions, note),
        _events(run),
        '<div class="columns cards">',
        _card("Data", {**_data_facts(run), **(data_facts or {})}),
        _card("Network", _network_facts(run)),
        _card("Training", {**_time_facts(run), **run.settings}),
        _card("Made with", _versions(run)),
        "</div></main>\n</html>\n",
    ]
    return "\n".join(part for part in parts if part)


def _status(run: Run) -> str:
    step = max((s for found in run.rows.values() for s in found), default=0)
    steps = run.settings.get("steps")
    if not step:
        return "Begun; there are no figures yet."
    said = f"Step {step:,}"
    if isinstance(steps, int):
        said += f" of {steps:,}"
        said += "." if step >= steps else ": still going, or stopped before its end."
    best = _best(run)
    if best is not None:
        said += f" The best model, by validation, is that of step {best:,}."
    return said


def _best(run: Run) -> int | None:
    found = {
        s: f["objective"] for s, f in run.rows.get("valid", {}).items() if _has(f, "objective")
    }
    return min(found, key=lambda step: found[step]) if found else None


def _figures(run: Run) -> str:
    """Return the figures of the best validation, for those who look for a number."""
    best = _best(run)
    if best is None:
        return ""
    figures = run.rows["valid"][best]
    rows = [
        (meaning, _shown(figures[name]))
        for name, meaning in (
            ("nats_per_point", "nats a point"),
            ("nats_per_drawing", "nats a drawing"),
            ("kl_raw", "KL, nats, mean over z"),
            ("active_units", "active entries of z"),
            ("objective", "objective"),
        )
        if name in figures
    ]
    tiles = "".join(f"<div><b>{value}</b><span>{meaning}</span></div>" for meaning, value in rows)
    return (
        '<section><h2>At its best</h2><p class="hint">On the validation drawings, which it does '
        "not learn from. Nats say how surprised the model is; less is better, and below 0 is "
        f'usual, as positions are continuous.</p><div class="tiles">{tiles}</div></section>'
    )


def _curves(run: Run) -> str:
    """Return the section of curves; those without any figures are left out."""
    train, valid = run.rows.get("train", {}), run.rows.get("valid", {})
    longest = run.config.get("max_seq_len")
    per_step = {}
    if isinstance(longest, int) and longest > 0:
        per_step = {
            step: {"value": figures["nats_per_drawing"] / longest}
            for step, figures in valid.items()
            if "nats_per_drawing" in figures
        }
    best = _best(run)
    plots = [
        _plot(
            "Prediction",
            "How well it foretells the next step of the pen. When training goes on falling and "
            "validation rises, it learns by heart.",
            "nats a step",
            [
                _series("training", train, "loss_reconstruction"),
                _series("validation", per_step, "value"),
            ],
            best,
        ),
        _plot(
            "What goes through z (KL)",
            "How much the encoder tells the decoder about each drawing, for each entry of z. "
            "Drawings made up without an original get better as it falls.",
            "nats an entry of z",
            [_series("training", train, "loss_kl"), _series("validation", valid, "kl_raw")],
            best,
            zero=False,
        ),
        _plot(
            "Objective",
            "Prediction and weighted KL together: its least value, at the dashed line, chooses "
            "the model that is kept.",
            "nats a step",
            [_series("validation", valid, "objective")],
            best,
        ),
        _plot(
            "Position and pen",
            "The two parts of prediction in training: where the pen goes, and whether it lifts "
            "or stops.",
            "nats a step",
            [_series("position", train, "loss_offset"), _series("pen", train, "loss_pen")],
            None,
        ),
        _plot(
            "Learning rate",
            "How large the steps of learning are.",
            "rate",
            [_series("learning rate", train, "learning_rate")],
            None,
        ),
        _plot(
            "Weight of the KL term",
            "How much the network is held to a z that can be drawn from.",
            "weight",
            [_series("weight", train, "w_kl")],
            None,
            zero=False,
        ),
    ]
    drawn = "".join(plots)
    return (
        f'<section><h2>Learning</h2><div class="columns">{drawn}</div></section>' if drawn else ""
    )


def _series(name: str, rows: Mapping[int, Mapping[str, float]], key: str) -> Series:
    found = [(step, figures[key]) for step, figures in rows.items() if key in figures]
    return Series(name, [step for step, _ in found], [value for _, value in found])


def _plot(
    title: str,
    hint: str,
    unit: str,
    series: Sequence[Series],
    mark: float | None,
    *,
    zero: bool = True,
) -> str:
    """Return a curve with its title; nothing where there is nothing, or nothing but zeros."""
    known = [s for s in series if any(math.isfinite(v) for v in s.y)]
    if not zero:
        known = [s for s in known if any(s.y)]
    if not known:
        return ""
    picture = line_plot(known, title=title, x_label="step", y_label=unit, mark=mark)
    return (
        f'<figure class="card"><figcaption><h3>{html.escape(title)}</h3>'
        f"<p>{html.escape(hint)}</p></figcaption>{picture}</figure>"
    )


def _samples(run: Run) -> str:
    """Return pages of samples, from the first to the last and evenly between."""
    pages = [
        page
        for page in sorted((run.path / "samples").glob("step-*.png"))
        if page.is_file() and 0 < page.stat().st_size <= _LARGEST_PAGE
    ]
    if len(pages) > _MOST_PAGES:
        last = len(pages) - 1
        pages = [pages[round(k * last / (_MOST_PAGES - 1))] for k in range(_MOST_PAGES)]
    if not pages:
        return ""
    figures = []
    for page in pages:
        digits = page.stem.removeprefix("step-")
        said = f"step {int(digits):,}" if digits.isdecimal() else page.stem
        data = base64.b64encode(page.read_bytes()).decode()
        figures.append(
            f'<figure class="paper"><img loading="lazy" alt="drawings at {html.escape(said)}" '
            f'src="data:image/png;base64,{data}"><figcaption>{html.escape(said)}</figcaption>'
            "</figure>"
        )
    return (
        '<section><h2>What it draws</h2><p class="hint">The same seed each time, as the run goes '
        f'on.</p><div class="columns">{"".join(figures)}</div></section>'
    )


def _reconstructed(pairs: Sequence[tuple[Drawing, Drawing]], note: str) -> str:
    if not pairs:
        return (
            f'<section><h2>Reconstructions</h2><p class="hint">{html.escape(note)}</p></section>'
            if (note)
            else ""
        )
    shown = []
    for pair in pairs:
        bare = [drawing.with_metadata(box=None, extent=None) for drawing in pair]
        picture = gallery([bare], columns=2, page_margin=6.0, size=(110, 110)).to_svg()
        shown.append(f'<figure class="paper pair">{_inline(picture)}</figure>')
    return (
        '<section><h2>Reconstructions</h2><p class="hint">Validation drawings on the left, and '
        "beside each what the model draws from what its encoder keeps of it, at temperature 0.1."
        f'</p><div class="pairs">{"".join(shown)}</div></section>'
    )


def _inline(svg: str) -> str:
    """Return an SVG document as an element of a page."""
    return svg[svg.index("<svg") :]


def _events(run: Run) -> str:
    lines = [
        f"step {int(row['step']):,}: "
        + ", ".join(f"{k} {_shown(v)}" for k, v in row.items() if k not in ("step", "seconds"))
        for row in run.events
    ]
    if run.unread:
        lines.append(f"{run.unread} line(s) of {_METRICS_FILE} could not be read.")
    if not lines:
        return ""
    items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    return f"<section><h2>Events</h2><ul>{items}</ul></section>"


def _data_facts(run: Run) -> dict[str, Any]:
    data = run.data
    sources = data.get("sources")
    names = [
        " ".join(str(s[k]) for k in ("name", "version") if s.get(k))
        if isinstance(s, dict)
        else str(s)
        for s in (sources if isinstance(sources, list) else [])
    ]
    facts: dict[str, Any] = {"sources": ", ".join(names), "licence": data.get("licence")}
    facts["attribution"] = data.get("attribution")
    for split, count in _dict(data.get("drawings")).items():
        facts[f"{split} drawings"] = count
    facts["fingerprint"] = data.get("fingerprint")
    return {**facts, **_dict(run.model.get("preparation"))}


def _network_facts(run: Run) -> dict[str, Any]:
    facts = dict(run.config)
    if not facts.get("conditional", True):
        facts = {
            key: value
            for key, value in facts.items()
            if key not in ("z_size", "encoder_cell", "encoder_size")
        }
    return {"kind": "VAE" if facts.pop("conditional", True) else "decoder only", **facts}


def _time_facts(run: Run) -> dict[str, Any]:
    last = [f for found in run.rows.values() for f in found.values() if _has(f, "seconds")]
    seconds = max((f["seconds"] for f in last), default=0.0)
    if not seconds:
        return {"preset": run.run.get("preset")}
    step = max(s for found in run.rows.values() for s in found)
    hours, rest = divmod(round(seconds / 60), 60)
    return {
        "preset": run.run.get("preset"),
        "training time": f"{hours} h {rest:02} min" if hours else f"{max(rest, 1)} min",
        "steps a second": f"{step / seconds:.2f}",
    }


def _versions(run: Run) -> dict[str, Any]:
    return {"backend": run.provenance.get("backend"), **_dict(run.provenance.get("versions"))}


def _card(title: str, facts: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><th>{html.escape(str(label).replace('_', ' '))}</th>"
        f"<td>{html.escape(_shown(value))}</td></tr>"
        for label, value in facts.items()
        if value not in (None, "", [], {})
    )
    return f'<section class="card"><h2>{title}</h2><table>{rows}</table></section>' if rows else ""


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and not value.is_integer():
        return f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    if isinstance(value, int | float) and abs(value) < _LARGEST:
        return f"{int(value):,}"
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    return str(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: int | float) -> float:
    """Return a number; NaN for one that no loss can be, and that no axis could show."""
    return float(value) if abs(value) < _LARGEST else math.nan


def _has(figures: Mapping[str, float], key: str) -> bool:
    return key in figures and math.isfinite(figures[key])


def _dict(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(_text(path))
    except (ValueError, RecursionError) as error:
        raise BadFileError("is not JSON", path=path) from error
    if not isinstance(value, dict):
        raise BadFileError("is JSON, but no object", path=path)
    return value


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST_JSON:
            raise BadFileError("is larger than such a file can be", path=path)
        return path.read_text("utf-8", errors="replace")
    except OSError as error:
        reason = (error.strerror or "unknown error").lower()
        raise BadFileError(f"cannot be read ({reason})", path=path) from error


_HEAD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}: a run of sketchrnn</title>
<style>{style}</style>"""

_STYLE = """
:root { color-scheme: light dark; --page: #f6f5f2; --card: #fff; --ink: #1d1d1f; --muted: #66656b;
  --rule: #e2e0da; --series-1: #1f6fb2; --series-2: #c2570c; --series-3: #2f8f5b;
  --series-4: #8a4fb0 }
@media (prefers-color-scheme: dark) { :root { --page: #161618; --card: #212124; --ink: #ececee;
  --muted: #a2a1a8; --rule: #38383d; --series-1: #6db3ee; --series-2: #f0974f;
  --series-3: #6fc796; --series-4: #c39ae0 } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 1.2rem 1rem 4rem; max-width: 76rem; background: var(--page);
  color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif }
h1 { margin: 0; font-size: 1.7rem; overflow-wrap: anywhere }
h2 { margin: 2rem 0 .3rem; font-size: 1.2rem } h3 { margin: 0; font-size: 1rem }
header p, .hint, figcaption p { margin: .2rem 0 .8rem; color: var(--muted); max-width: 46rem }
figcaption p { font-size: .88rem }
.columns { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 22rem), 1fr)) }
.cards { margin-top: 2rem; align-items: start }
.card, .paper { margin: 0; padding: 1rem; border-radius: .6rem; background: var(--card);
  border: 1px solid var(--rule) }
.card h2 { margin-top: 0 } svg.plot { display: block; width: 100%; height: auto }
.paper { background: #fff; color: #444; padding: .4rem; text-align: center; font-size: .85rem }
.paper img, .paper svg { display: block; width: 100%; height: auto }
.pairs { display: grid; gap: .8rem; grid-template-columns: repeat(auto-fill, minmax(10.5rem, 1fr)) }
.tiles { display: flex; flex-wrap: wrap; gap: .8rem }
.tiles div { flex: 1 1 9rem; padding: .7rem 1rem; border-radius: .6rem; background: var(--card);
  border: 1px solid var(--rule) }
.tiles b { display: block; font-size: 1.3rem; font-variant-numeric: tabular-nums }
.tiles span { color: var(--muted); font-size: .85rem }
table { width: 100%; border-collapse: collapse; font-size: .9rem }
th, td { padding: .2rem 0; border-top: 1px solid var(--rule); text-align: left;
  vertical-align: top; overflow-wrap: anywhere }
th { width: 45%; padding-right: .8rem; color: var(--muted); font-weight: normal }
"""
