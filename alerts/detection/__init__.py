"""Anomalies: what rules say of changes, states and counts. Rules are pure; the scan turns findings into alerts."""
