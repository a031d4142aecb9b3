"""From drawings to a data file, and from a data file to batches."""

from sketchrnn.data.normalize import EXTENT, Preparation
from sketchrnn.data.store import DataFile, DataFileWriter, Split, open_data

__all__ = ["EXTENT", "DataFile", "DataFileWriter", "Preparation", "Split", "open_data"]
