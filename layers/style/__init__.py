"""A ready MapLibre style for the vector tiles: three themes, sprites and glyphs, all made and served here."""
