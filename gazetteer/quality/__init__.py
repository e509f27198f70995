"""Quality of the address library (质量检查): named rules, their findings, and the fixes that are safe."""
