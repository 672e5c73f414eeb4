"""Training: objectives, discriminators, the loop, checkpoints, recipes."""
