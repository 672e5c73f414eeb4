"""Machines that run a bundle: this one, and later those reached over ssh or adb."""
