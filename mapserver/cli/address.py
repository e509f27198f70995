"""``onemap address``: the address library from the command line, each command in a file of its own."""

from __future__ import annotations

from mapserver.cli.lazy import lazy_app

app = lazy_app(
    "地址 / addresses",
    {
        "parse": "mapserver.cli.address_parse:parse_command",
        "compare": "mapserver.cli.address_compare:compare_command",
        "match": "mapserver.cli.address_match:match_command",
        "check": "mapserver.cli.address_check:check_command",
        "rules": "mapserver.cli.address_rules:rules_command",
        "reread": "mapserver.cli.address_reread:reread_command",
        "plates": "mapserver.cli.address_plates:plates",
    },
)
