"""One module a rule; its docstring is the rule's manual. A new rule is a new file here, nothing else."""

from database.rules.rule import discover
from gazetteer.quality import rules
from gazetteer.quality.rule import QualityRule, RuleSet
from gazetteer.quality.working import TABLES, prepare

RULES = RuleSet(discover(rules, QualityRule), prepare, TABLES)
