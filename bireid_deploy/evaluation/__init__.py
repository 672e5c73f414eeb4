"""Evaluation: files of embeddings, ranking (CMC, mAP, mINP), re-ranking."""
