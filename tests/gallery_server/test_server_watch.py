"""`bireid-deploy watch` with a gallery in PostgreSQL."""

import pytest
from postgres_server import Server
from watched_scene import ZOO, render_scene, watch_arguments

from bireid_deploy import api
from bireid_deploy.gallery_server.opening import open_gallery


@pytest.fixture
def url(stock: Server):
    location = stock.url("watched")
    yield location
    with stock.connect() as database:
        database.execute("DROP SCHEMA IF EXISTS bireid_watched CASCADE")


def test_people_are_found_again_through_a_server(cli, url: str, tmp_path) -> None:
    api.create_gallery(url, ZOO)
    scene = render_scene(tmp_path / "scene")
    result = cli("watch", *watch_arguments(scene), "--gallery", url, "-o", tmp_path / "out")
    assert result.code == 0, result.err
    assert "6 sightings" in result.out
    with open_gallery(url) as gallery:
        assert gallery.stats().cameras == {"camera1": 3, "camera2": 3}
        assert [each.entries for each in gallery.people()] == [2, 2, 2]
