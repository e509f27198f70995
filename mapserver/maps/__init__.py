"""Folium maps for officials: one HTML file that opens without any network, with every text from records escaped."""
