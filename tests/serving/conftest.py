"""The network of the service, for all tests of the folder."""

import pytest
from bireid_runtime import Bundle
from served import BUNDLE

from bireid_deploy.serving.embedder import Embedder


@pytest.fixture(scope="session")
def embedder():
    return Embedder(Bundle.open(BUNDLE), 1, 100_000, "auto")
