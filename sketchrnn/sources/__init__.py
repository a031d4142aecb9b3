"""Files -> Drawings: KanjiVG, sketch-rnn npz, Quick, Draw! ndjson, the paths of any SVG."""

from sketchrnn.sources.open import open_source, read, read_all
from sketchrnn.sources.source import Fit, Item, OnSkip, Source

__all__ = ["Fit", "Item", "OnSkip", "Source", "open_source", "read", "read_all"]
