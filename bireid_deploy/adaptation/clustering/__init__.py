"""Training on pseudo-labels: clusters of unlabelled crops, found again before every epoch."""
