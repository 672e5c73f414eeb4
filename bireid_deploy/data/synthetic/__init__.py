"""Synthetic people: a rendered Re-ID data set that anyone may make, keep and share.

Drawn pedestrians walk past simulated cameras. It exercises every step of training, conversion and
evaluation; its numbers say nothing about real people.
"""

from bireid_deploy.data.synthetic.write import train_identities, write_synthetic

__all__ = ["train_identities", "write_synthetic"]
