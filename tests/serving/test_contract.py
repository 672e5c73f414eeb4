"""The service against its own OpenAPI description, by requests that schemathesis makes up."""

from collections import Counter

import numpy as np
import pytest
import schemathesis
from bireid_runtime.gallery import Gallery
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from served import crop, listening

CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]
IMAGE = crop(1)
PEOPLE = 40


@pytest.fixture(scope="module")
def address(embedder, tmp_path_factory):
    location = tmp_path_factory.mktemp("contract") / "shop.gallery"
    Gallery.create(location, embedder.fingerprint, 256).close()
    with Gallery.open(location) as gallery:
        rows = np.stack([embedder.embed(IMAGE)] * 200)
        people = [f"person {number % PEOPLE}" for number in range(len(rows))]
        gallery.add(rows, person=people, camera="door", thumbnails=[IMAGE] * len(rows))
    with listening(embedder, [str(location)], keep_crops=True) as address:
        yield address


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_answer_is_described(address, mode):
    schema = schemathesis.openapi.from_url(f"{address}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    asked = Counter()
    for operation in sorted(operations, key=lambda each: each.method == "delete"):
        asked += _held_to(operation, mode)
    answered = {status for _, _, status in asked}
    assert answered >= ({200, 201, 404} if mode is GenerationMode.POSITIVE else {200, 404, 422})


def _held_to(operation, mode):
    """Statuses of an operation, each as described."""
    asked = Counter()

    @settings(
        max_examples=3,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode), st.integers(1, PEOPLE))
    def hold(case, number):
        ask(case)
        # Chance alone would meet no gallery and nobody in it, and draw no image.
        case.query.pop("gallery", None)
        for name in case.path_parameters:
            case.path_parameters[name] = number
        if "person" in case.query:
            case.query["person"] = "person 1"
        if "image/jpeg" in str(operation.definition.raw.get("requestBody", "")):
            case.body = IMAGE
        ask(case)

    def ask(case):
        response = case.call()
        asked[case.method, case.path, response.status_code] += 1
        case.validate_response(response, checks=CHECKS)

    try:
        hold()
    except Unsatisfiable:
        # Nothing can be wrong in a request that takes nothing, or any bytes.
        assert mode is GenerationMode.NEGATIVE
    return asked
