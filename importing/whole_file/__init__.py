"""Is there something wrong with the whole file (整表检查)? Faults that no single row shows: see ``checks``."""
