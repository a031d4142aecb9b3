"""Files -> Drawings: SVG, InkML, Quick, Draw!, KanjiVG and other data sets, pictures of lines."""

from sketchrnn.sources.open import open_source, read, read_all
from sketchrnn.sources.source import Fit, Item, OnSkip, Source

__all__ = ["Fit", "Item", "OnSkip", "Source", "open_source", "read", "read_all"]
