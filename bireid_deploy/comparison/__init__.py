"""Several models on the same test set, paired item by item."""
