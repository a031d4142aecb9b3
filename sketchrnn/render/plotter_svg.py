"""A plotter sheet as SVG: user units are millimetres, layers are Inkscape's."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from sketchrnn.render.svg import (
    curve_data,
    document_metadata,
    format_number,
    load_svgwrite,
    path_data,
)
from sketchrnn.render.text_metrics import clean

if TYPE_CHECKING:
    from sketchrnn.render.plotter import PenLayer, PlotterSheet

_PRECISION = 3
_INKSCAPE = "http://www.inkscape.org/namespaces/inkscape"


def sheet_to_svg(sheet: PlotterSheet) -> str:
    """Write a sheet as an SVG document.

    Every stroke is a path of its own, in the order of drawing. vpype numbers its layers by the
    first number of a label.

    Raises:
        BadSettingError: If the recipe does not go into JSON.
        MissingDependencyError: If svgwrite is not installed.
    """
    svgwrite = load_svgwrite()
    width, height = (
        format_number(side, _PRECISION) for side in (sheet.paper.width, sheet.paper.height)
    )
    document = svgwrite.Drawing(
        size=(f"{width}mm", f"{height}mm"), viewBox=f"0 0 {width} {height}", debug=False
    )
    document.attribs["xmlns:inkscape"] = _INKSCAPE
    for layer in sheet.layers:
        group = document.g(
            id=f"pen-{layer.number}",
            fill="none",
            stroke=layer.color,
            stroke_width=format_number(layer.width, _PRECISION),
            stroke_linecap="round",
            stroke_linejoin="round",
        )
        group.attribs["inkscape:groupmode"] = "layer"
        group.attribs["inkscape:label"] = _label(layer)
        if layer.curves is None:
            data = (path_data(stroke.round(_PRECISION).tolist()) for stroke in layer.strokes)
        else:
            data = (curve_data(curve, _PRECISION) for curve in layer.curves)
        for path in data:
            group.add(document.path(path))
        document.add(group)
    if sheet.recipe is not None:
        document.elements.insert(0, document_metadata(svgwrite, sheet.recipe))
    if sheet.title:
        document.set_desc(title=clean(sheet.title))
    return str(document.tostring()) + "\n"


def _label(layer: PenLayer) -> str:
    """Return the pen's number, colour, width and what it draws."""
    parts = [f"{layer.number} {layer.color}", f"{layer.width:g} mm", clean(layer.name)]
    return ", ".join(itertools.filterfalse(lambda part: not part, parts))
