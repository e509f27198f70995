"""Attacks with an aim, one kind a module: each ``run(ring)`` sends what it is about, and adds what it finds."""

from benchmarks.attack.targeted import bodies, existence, filters, headers, methods, paths, raw, uploads

#: In the order in which they are run; those that write use the scratch county.
ATTACKS = {
    module.__name__.rsplit(".", 1)[1]: module.run
    for module in (existence, filters, headers, methods, paths, bodies, uploads, raw)
}
