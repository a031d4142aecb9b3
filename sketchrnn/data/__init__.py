"""From drawings to a data file, and from a data file to batches."""

from sketchrnn.data.build import convert
from sketchrnn.data.normalize import EXTENT, Preparation
from sketchrnn.data.report import ConversionReport
from sketchrnn.data.shards import DataFolder, is_data, open_data, opened
from sketchrnn.data.store import DataFile, DataFileWriter
from sketchrnn.data.stored_split import Split

__all__ = [
    "EXTENT",
    "ConversionReport",
    "DataFile",
    "DataFileWriter",
    "DataFolder",
    "Preparation",
    "Split",
    "convert",
    "is_data",
    "open_data",
    "opened",
]
