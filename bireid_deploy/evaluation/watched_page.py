"""What a watch found as one HTML page: people, cameras, times and crops."""

from collections.abc import Sequence
from datetime import datetime

from bireid_runtime.watching import Sighting

from bireid_deploy.evaluation.pages.crops import crop
from bireid_deploy.evaluation.pages.document import document, escaped, section, table, tiles
from bireid_deploy.evaluation.watch_scores import WatchScores

# A page of 500 crops of 3 to 5 kB each is about 2 MB.
_MOST_CROPS = 500


def watched_page(title: str, sightings: Sequence[Sighting], scores: WatchScores | None) -> str:
    """A whole page.

    Args:
        title: Its title.
        sightings: What a watch found.
        scores: How well it matches the truth, if that is known; crops are marked by it then.

    Returns:
        HTML that needs no other file. It holds pictures of those who were seen.
    """
    people: dict[int, list[Sighting]] = {}
    for each in sightings:
        if each.person is not None:
            people.setdefault(each.person, []).append(each)
    shown = sightings[:_MOST_CROPS]
    left_out = len(sightings) - len(shown)
    allowed = {id(each) for each in shown}
    parts = [
        f"<h1>{escaped(title)}</h1>",
        _summary(sightings, len(people), scores),
        *([] if scores is None else [_scores(scores)]),
        section(
            "people",
            "People",
            "Each with the best crop of every sighting, by time."
            + (f" Crops of {left_out} sightings are left out." if left_out else "")
            + _legend(scores),
            *(
                _person(number, [each for each in seen if id(each) in allowed], scores)
                for number, seen in people.items()
            ),
        ),
        _nobody([each for each in shown if each.person is None]),
        _times(sightings),
    ]
    return document(title, parts)


def _summary(sightings: Sequence[Sighting], people: int, scores: WatchScores | None) -> str:
    cameras = len({each.camera for each in sightings})
    again = sum(each.verdict == "same" for each in sightings)
    values = [
        ("people", str(people), f"at {cameras} cameras"),
        ("sightings", str(len(sightings)), f"{again} of people known by then"),
    ]
    if scores is not None:
        values += [
            ("found again", f"{scores.found} of {scores.pairs}", "people at another camera"),
            ("IDF1", f"{100 * scores.joint.idf1:.1f}", "people over all cameras"),
        ]
    return tiles(values)


def _scores(scores: WatchScores) -> str:
    rows = [
        (
            name,
            *(f"{100 * value:.1f}" for value in (each.mota, each.idf1, each.hota)),
            str(each.switches),
        )
        for name, each in [*scores.cameras.items(), ("all, by people", scores.joint)]
    ]
    return section(
        "scores",
        "Against the truth",
        f"{scores.joined} pairs of tracks show two people and are called one.",
        table(("camera", "MOTA", "IDF1", "HOTA", "switches"), rows),
    )


def _legend(scores: WatchScores | None) -> str:
    if scores is None:
        return ""
    return " Blue and \u2713: who was seen first under that number; orange and \u2717: another."


def _person(number: int, seen: Sequence[Sighting], scores: WatchScores | None) -> str:
    if not seen:
        return ""
    label = next((each.label for each in seen if each.label), None)
    truth = None if scores is None else scores.truth
    whose = None if truth is None else truth.get((seen[0].camera, seen[0].track))
    figures = []
    for each in seen:
        kind = "query"
        if truth is not None:
            is_right = truth.get((each.camera, each.track)) == whose
            kind = "right" if is_right else "wrong"
        said = f"{each.camera}, {_time(each.first)} to {_time(each.last)}, score {each.score:.2f}"
        figures.append(crop(each.crop.pixels, kind, said, f"{each.camera} {_time(each.first)}"))
    heading = escaped(label or f"person {number}")
    return f'<h3>{heading}</h3>\n<div class="list">{"".join(figures)}</div>'


def _nobody(seen: Sequence[Sighting]) -> str:
    if not seen:
        return ""
    figures = [
        crop(each.crop.pixels, "query", f"{each.camera} {_time(each.first)}", f"{each.score:.2f}")
        for each in seen
    ]
    note = "The score lies between the two thresholds, or nothing was to be remembered."
    return section(
        "nobody", "Nobody for certain", note, f'<div class="list">{"".join(figures)}</div>'
    )


def _times(sightings: Sequence[Sighting]) -> str:
    rows = [
        (
            each.label or ("-" if each.person is None else f"person {each.person}"),
            each.camera,
            _time(each.first),
            _time(each.last),
            each.verdict,
            f"{each.score:.2f}",
        )
        for each in sorted(sightings, key=lambda each: (each.first, each.camera))
    ]
    columns = ("person", "camera", "from", "to", "verdict", "score")
    return section("times", "Who was where and when", "", table(columns, rows, text_columns=5))


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).strftime("%H:%M:%S")
