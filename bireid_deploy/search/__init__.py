"""Top-k sample search of CDNet architectures: weights and alphas learn in turn."""
