"""Adapting a network to a user's own cameras by crops that nobody labelled.

`crops.py` finds them, `centring.py` and `normalisation.py` estimate statistics, `clustering/`
trains on groups that it finds itself, and `consistency.py` says without labels whether it helped.
"""
