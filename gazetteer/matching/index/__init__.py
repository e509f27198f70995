"""One county's published addresses in memory: built from the database, kept fresh, shared by a process (see registry)."""
