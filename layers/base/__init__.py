"""The map under the map (底图): roads, waters, land use, buildings, places of interest; public within the county."""
