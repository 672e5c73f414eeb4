"""Data sets of point clouds with classes: reading those of ModelNet's layout, and making some."""
