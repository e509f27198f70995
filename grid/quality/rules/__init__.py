"""One module a rule about cells and links; see ``gazetteer/quality/rule.py`` for what a rule is."""

from database.rules.rule import discover
from gazetteer.quality.rule import QualityRule, RuleSet
from grid.quality import rules
from grid.quality.working import prepare

RULES = RuleSet(discover(rules, QualityRule), prepare)
