"""All quality rules of the house, lower floor first: the gazetteer's, then the grid's."""

from gazetteer.quality.rules import RULES as ADDRESS_RULES
from grid.quality.rules import RULES as CELL_RULES

SETS = (ADDRESS_RULES, CELL_RULES)
