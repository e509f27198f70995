"""Quality of the link between addresses and grid cells: rules like those of the gazetteer, one floor up."""
