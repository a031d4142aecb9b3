"""The studio: a page on which a model and a hand draw together, in one file, offline."""

from __future__ import annotations

from sketchrnn.studio_page.page import Studio, studio

__all__ = ["Studio", "studio"]
