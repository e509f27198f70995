"""Alerts (预警): work for a person, from raising to closing. ``lifecycle`` is pure; ``store`` reads and writes."""
