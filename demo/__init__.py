"""The demo county (演示县): wholly synthetic department files, generated from a seed, and their way through the import."""
