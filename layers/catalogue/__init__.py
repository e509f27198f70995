"""The layer catalogue: each kind of record declared once, beside its table; tiles, features, style, totals and labels read it.

``kind``: what a declaration says. ``registry``: the kinds there are, in the order of the map. A room of this folder declares its
kind in ``<room>/kind.py``, found by itself; a room above registers its own (``registry.register``) and adds fields to kinds below it
(``registry.extend``), both when its module is imported.
"""
