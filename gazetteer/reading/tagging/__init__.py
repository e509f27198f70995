"""Reading any Chinese address text into labelled elements with their places in the text. Needs no database.

The model is learnt from labelled addresses (docs/addresses/model-card.md); :mod:`gazetteer.reading.parse` reads the same levels
by the names of one county instead.
"""

from gazetteer.reading.tagging.labels import LABELS, LEVELS, Element
from gazetteer.reading.tagging.tagger import tag, tag_many

__all__ = ["LABELS", "LEVELS", "Element", "tag", "tag_many"]
