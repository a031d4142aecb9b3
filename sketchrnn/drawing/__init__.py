"""What a drawing is: the type, its row formats, its geometry, and the errors of bad input."""

from sketchrnn.drawing.drawing import Drawing
from sketchrnn.drawing.drawings import Drawings, as_list
from sketchrnn.drawing.errors import (
    BadDrawingError,
    BadFileError,
    BadSettingError,
    MissingDependencyError,
    OutputExistsError,
    SketchRNNError,
)
from sketchrnn.drawing.stroke_formats import END_ROW, START_TOKEN, PenState

__all__ = [
    "END_ROW",
    "START_TOKEN",
    "BadDrawingError",
    "BadFileError",
    "BadSettingError",
    "Drawing",
    "Drawings",
    "MissingDependencyError",
    "OutputExistsError",
    "PenState",
    "SketchRNNError",
    "as_list",
]
