"""Drawings to pictures: SVG, PNG, PDF, HTML; one drawing or a gallery.

svgwrite, cairosvg and Pillow are loaded when they are first needed.
"""

from sketchrnn.render.bulk import drawings_to_array, drawings_to_png, drawings_to_svg
from sketchrnn.render.folder import save_drawings
from sketchrnn.render.font import Font, font
from sketchrnn.render.gallery import Gallery, gallery
from sketchrnn.render.plotter import PlotterSheet, plot
from sketchrnn.render.save import SUFFIXES, drawing_to_png, drawing_to_svg, save_drawing
from sketchrnn.render.style import FITS, Style

__all__ = [
    "FITS",
    "SUFFIXES",
    "Font",
    "Gallery",
    "PlotterSheet",
    "Style",
    "drawing_to_png",
    "drawing_to_svg",
    "drawings_to_array",
    "drawings_to_png",
    "drawings_to_svg",
    "font",
    "gallery",
    "plot",
    "save_drawing",
    "save_drawings",
]
