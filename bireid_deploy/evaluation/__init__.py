"""Evaluation: embeddings, ranking (CMC, mAP, mINP), re-ranking, colour-histogram baseline."""
