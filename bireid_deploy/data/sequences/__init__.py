"""Sequences of frames in which one target is marked: OTB and GOT-10k."""

from bireid_deploy.data.sequences.dataset import MarkedSequence, SequenceDataset
from bireid_deploy.data.sequences.layouts import open_sequences

__all__ = ["MarkedSequence", "SequenceDataset", "open_sequences"]
