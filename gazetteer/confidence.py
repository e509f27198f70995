"""How sure an answer is, by what was found: the share of such answers that are right.

Measured with ``benchmarks/match.py`` on variants of a real county's register (see docs/addresses/matching.md); an answer
that is one of n equal ones is worth the n-th part.
"""

CERTAIN, PROBABLE = 0.95, 0.75

EXACT = 1.0
ALIAS = 0.99
IN_VILLAGE = 0.99
LOCAL_ALIAS = 0.97
IN_TOWN = 0.90
OTHER_GROUP = 0.85
ANYWHERE = 0.82
NO_GROUP = 0.85
REORDERED = 0.94
DEEPER = 0.78
HOMOPHONE = 0.90
TYPO = 0.80
MISSPELT_DIVISION = 0.90
UNCHECKED_CITY = 0.70
TO_ROAD = 0.70
DISPUTED = 0.65
NO_ROAD = 0.65
OTHER_VILLAGE = 0.62
OTHER_TOWN = 0.55
BESIDE = 0.62
