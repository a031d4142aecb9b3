"""The model as a script meets it: load or train one, then draw with it."""

from sketchrnn.sketch_rnn.face import SketchRNN, from_pretrained, load, train
from sketchrnn.sketch_rnn.redrawing import redraw
from sketchrnn.sketch_rnn.reporting import report

__all__ = ["SketchRNN", "from_pretrained", "load", "redraw", "report", "train"]
