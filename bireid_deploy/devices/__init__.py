"""Machines that run a bundle: this one, and those reached over ssh or adb."""
