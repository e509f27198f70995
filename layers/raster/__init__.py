"""Rasters (imagery, elevation, land cover, population): catalogue, ingest to COG, tiles, values, statistics, flood."""
