"""One module a rule about cells and links; see ``gazetteer/quality/rule.py`` for what a rule is."""

from gazetteer.quality.rule import RuleSet, discover
from grid.quality import rules
from grid.quality.working import prepare

RULES = RuleSet(discover(rules), prepare)
