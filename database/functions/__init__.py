"""SQL functions as present text: what a function says today stands in one file, not in the migration that last changed it.

``<room>/<name>.sql`` is a function of every county, ``<room>/platform/<name>.sql`` one of schema ``platform``. A file makes one
function, which has the name of the file, the triggers that call it, its owner and its grants, and may be run again at any time. Its
first line, a comment, becomes the comment of the function. ``{schema}`` and ``{county}`` stand for the county's schema
(``c330521``) and code (``330521``). A room whose functions follow from its declarations registers a provider (``texts.register``).
"""
