"""The front door for Python: the verbs of the command line as functions with typed results.

Importing it is light; TensorFlow and the like are loaded by the calls that need them.
"""

from bireid_deploy.api.training import TrainingResult, train

__all__ = ["TrainingResult", "train"]
