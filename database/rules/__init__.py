"""What every rule of the house is, whatever it looks at: a manual, a severity, parameters; found by its file."""
