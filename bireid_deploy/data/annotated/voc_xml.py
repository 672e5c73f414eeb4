"""An annotation of PASCAL VOC, untrusted XML: no entities, no document types, bounded."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from bireid_runtime.files import open_regular

from bireid_deploy.data.annotated.dataset import MAX_BOXES, MAX_SIDE, RawBox, RawImage
from bireid_deploy.errors import DatasetError

MAX_XML_BYTES = 8 * 2**20
_MAX_DEPTH = 16
_MAX_NAME = 200


@dataclass
class _Element:
    tag: str
    text: str = ""
    children: list["_Element"] = field(default_factory=list)

    def child(self, tag: str) -> "_Element | None":
        return next((each for each in self.children if each.tag == tag), None)


def read_voc_xml(path: Path, image: Path) -> RawImage:
    """Read one annotation.

    Args:
        path: The file, untrusted.
        image: The image that it is of.

    Returns:
        The image with its boxes. VOC's pixels count from 1 and include the last one: from `xmin` 1
        to `xmax` 10 are 10 columns from the edge. A box of which `xmax` is `xmin` has no area.

    Raises:
        DatasetError: Not such a file, or it holds a document type, entities or too much.
    """
    root = _parse(path)
    if root.tag != "annotation":
        raise DatasetError(f"{path}: <{root.tag}> is not an annotation of VOC")
    size = root.child("size")
    if size is None:
        raise DatasetError(f"{path}: <size> is missing")
    height, width = (_side(size, tag, path) for tag in ("height", "width"))
    objects = [each for each in root.children if each.tag == "object"]
    if len(objects) > MAX_BOXES:
        raise DatasetError(f"{path}: {len(objects)} boxes; {MAX_BOXES} are the limit")
    return RawImage(image, height, width, tuple(_box(each, path) for each in objects))


def _box(element: _Element, path: Path) -> RawBox:
    name = _text(element, "name", path)
    if len(name) > _MAX_NAME or not name.isprintable():
        raise DatasetError(f"{path}: a class has a name that is no line of {_MAX_NAME} characters")
    bounds = element.child("bndbox")
    if bounds is None:
        raise DatasetError(f"{path}: an object has no <bndbox>")
    left, top, right, bottom = (
        _number(bounds, tag, path) for tag in ("xmin", "ymin", "xmax", "ymax")
    )
    difficult = element.child("difficult")
    ignored = difficult is not None and difficult.text.strip() not in ("", "0")
    if right <= left or bottom <= top:
        return RawBox(name, (left - 1, top - 1, left - 1, top - 1), ignored)
    return RawBox(name, (left - 1, top - 1, right, bottom), ignored)


def _side(element: _Element, tag: str, path: Path) -> int:
    value = _number(element, tag, path)
    if not 1 <= value <= MAX_SIDE:
        raise DatasetError(f"{path}: <{tag}> is {value:g}; it must be 1 to {MAX_SIDE}")
    return int(value)


def _number(element: _Element, tag: str, path: Path) -> float:
    text = _text(element, tag, path)
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DatasetError(f"{path}: <{tag}> is {text[:40]!r}, not a finite number")
    return value


def _text(element: _Element, tag: str, path: Path) -> str:
    child = element.child(tag)
    text = "" if child is None else child.text.strip()
    if not text:
        raise DatasetError(f"{path}: <{tag}> is missing or empty in <{element.tag}>")
    return text


def _parse(path: Path) -> _Element:
    try:
        with open_regular(path) as file:
            content = file.read(MAX_XML_BYTES + 1)
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read: {error.strerror}") from error
    if len(content) > MAX_XML_BYTES:
        raise DatasetError(f"{path}: larger than the limit of {MAX_XML_BYTES} bytes")
    stack = [_Element("")]

    def start(tag: str, attributes: dict[str, str]) -> None:
        if len(stack) > _MAX_DEPTH:
            raise DatasetError(f"{path}: nested more than {_MAX_DEPTH} deep")
        stack[-1].children.append(element := _Element(tag))
        stack.append(element)

    def end(tag: str) -> None:
        stack.pop()

    def text(data: str) -> None:
        stack[-1].text += data

    def refuse(*declaration: object) -> None:
        # Entities grow without bounds, or read other files.
        raise DatasetError(f"{path}: has a document type; annotations have none")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = text, refuse
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise DatasetError(f"{path}: not XML: {error}") from error
    return stack[0].children[0]
