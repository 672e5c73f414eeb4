"""Tracking: one target, marked in the first frame, is found again in those that follow."""
