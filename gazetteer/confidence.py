"""How sure an answer is, by what was found: the share of such answers that are right.

Measured with ``benchmarks/match.py`` on variants of a real county's register (see docs/addresses/matching.md); an answer
that is one of n equal ones is worth the n-th part. The score alone makes nothing certain: class A also needs that the text says
the same as the address in every level it names and leaves out none that had to be guessed.
"""

CERTAIN, PROBABLE = 0.95, 0.75

EXACT = 1.0
ALIAS = 0.99
IN_VILLAGE = 0.99
LOCAL_ALIAS = 0.98
IN_TOWN = 0.97
ANYWHERE = 0.96
NO_GROUP = 0.97
REORDERED = 0.97
DEEPER = 0.96
HOMOPHONE = 0.97
TYPO = 0.96
MISSPELT_DIVISION = 0.97
UNCHECKED_CITY = 0.3
TO_ROAD = 0.70
DISPUTED = 0.65
NO_ROAD = 0.65
OTHER_VILLAGE = 0.5
OTHER_TOWN = 0.3
BESIDE = 0.62
#: taken times: the group beside the road is another one
OTHER_GROUP = 0.6
