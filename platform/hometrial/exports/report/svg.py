"""A drawing as SVG within a page: inks are classes, so that light, dark and paper each have their own."""

from html import escape

from hometrial.exports.report.drawing import Box, Dot, Drawing, Shape, Stroke, Words


def svg(drawing: Drawing) -> str:
    """Return a drawing as an element of a page."""
    inside = "".join(_shape(each) for each in drawing.shapes)
    told = escape(drawing.told)
    return (
        f'<svg viewBox="0 0 {_n(drawing.width)} {_n(drawing.height)}" role="img" aria-label="{told}">'
        f"<title>{told}</title>{inside}</svg>"
    )


def _shape(shape: Shape) -> str:
    match shape:
        case Stroke(points=points, ink=ink, width=width, is_dashed=is_dashed):
            dashes = ' stroke-dasharray="4 3"' if is_dashed else ""
            path = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
            return f'<polyline class="s-{ink}" stroke-width="{_n(width)}"{dashes} points="{path}"/>'
        case Box(x=x, y=y, width=width, height=height, fill=fill, edge=edge):
            return f'<rect class="f-{fill} e-{edge}" x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"/>'
        case Dot(x=x, y=y, ink=ink, radius=radius):
            return f'<circle class="f-{ink}" cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}"/>'
        case Words(x=x, y=y, text=text, size=size, ink=ink, anchor=anchor, is_bold=is_bold):
            bold = ' font-weight="600"' if is_bold else ""
            return (
                f'<text class="f-{ink}" x="{_n(x)}" y="{_n(y)}" font-size="{_n(size)}" text-anchor="{anchor}"{bold}>'
                f"{escape(text)}</text>"
            )


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
