"""Corrections that teach: what a person decides about one text or address helps with all that are alike.

``queue`` hands out uncertain rows, each to one person; ``retest`` asks the whole library what a decision would break;
``decide`` applies it, ``alike`` applies it to all alike, ``undo`` takes a batch back; ``rules`` is how the matcher learns.
Everything a batch changes stands in ``correction_log`` as it was before and after.
"""
