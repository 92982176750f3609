"""Charts as SVG, without a library: readable on white and on black."""

from math import floor, log10
from xml.sax.saxutils import escape

COLOURS = ("#0a84c6", "#e0662a", "#2f9e5b", "#9a63c9", "#c2452d", "#7a8a99")
# A grey with enough contrast to white and to black.
STYLE = """<style>
text { font: 12px system-ui, sans-serif; fill: #6e7781; }
.title { font-weight: 600; font-size: 14px; }
.axis { stroke: #8c959f; fill: none; }
.grid { stroke: #8c959f; stroke-opacity: .3; fill: none; }
</style>"""
WIDTH, LEFT, RIGHT = 760, 64, 24


def lines(title, across, up, series):
    """`series`: by name, points of two numbers. Both axes begin at 0."""
    height, top, bottom = 340, 54, 76
    far = max((x for points in series.values() for x, _ in points), default=1)
    high = nice(max((y for points in series.values() for _, y in points), default=1))
    x_of = lambda x: LEFT + (WIDTH - LEFT - RIGHT) * x / far
    y_of = lambda y: height - bottom - (height - top - bottom) * y / high
    parts = axes(title, height, [(y_of(high * step / 4), high * step / 4) for step in range(5)], up)
    for x in sorted({x for points in series.values() for x, _ in points}) if fits(series) else steps(far):
        parts.append(text(x_of(x), height - bottom + 16, f"{x:g}", "middle"))
    parts.append(text((LEFT + WIDTH - RIGHT) / 2, height - bottom + 34, across, "middle"))
    for points, colour in zip(series.values(), COLOURS, strict=False):
        path = " ".join(f"{x_of(x):.1f},{y_of(y):.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        if len(points) <= 12:
            dots = (f'<circle cx="{x_of(x):.1f}" cy="{y_of(y):.1f}" r="3" fill="{colour}"/>' for x, y in points)
            parts.extend(dots)
    parts.extend(legend(list(series), height - 18))
    return svg(height, parts)


def bars(title, up, groups, of):
    """`groups`: by name, a number for each name of `of`. On a scale of decades, for the numbers are far apart."""
    height, top, bottom = 340, 54, 70
    numbers = [number for row in groups.values() for number in row if number]
    low, high = 10 ** floor(log10(min(numbers))), 10 ** (floor(log10(max(numbers))) + 1)
    y_of = lambda y: height - bottom - (height - top - bottom) * log10(y / low) / log10(high / low)
    marks = [10.0**power for power in range(round(log10(low)), round(log10(high)) + 1)]
    parts = axes(title, height, [(y_of(mark), mark) for mark in marks], up)
    room = (WIDTH - LEFT - RIGHT) / len(groups)
    width = min(room * 0.92 / len(of), 36)
    for place, (name, row) in enumerate(groups.items()):
        middle = LEFT + room * (place + 0.5)
        parts.append(text(middle, height - bottom + 16, name, "middle"))
        for number, (value, colour) in enumerate(zip(row, COLOURS, strict=False)):
            if not value:
                continue
            x = middle + width * (number - len(of) / 2)
            y = y_of(value)
            parts.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{width - 2:.1f}" height="{height - bottom - y:.1f}"'
                f' fill="{colour}"/>'
            )
            size = 9 if width < 30 else 11
            parts.append(
                text(x + width / 2 - 1, y - 4, f"{value:.3g}" if value < 1000 else f"{value:.0f}", "middle", size)
            )
    parts.extend(legend(of, height - 18))
    return svg(height, parts)


# --- parts ---


def axes(title, height, marks, up):
    parts = [f'<text x="{LEFT - 48}" y="20" class="title">{escape(title)}</text>', text(LEFT - 48, 36, up)]
    for y, value in marks:
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(text(LEFT - 6, y + 4, f"{value:g}", "end"))
    low = max(y for y, _ in marks)
    parts.append(f'<path class="axis" d="M{LEFT} {low:.1f}H{WIDTH - RIGHT}"/>')
    return parts


def legend(names, y):
    parts, x = [], LEFT
    for name, colour in zip(names, COLOURS, strict=False):
        parts.append(f'<rect x="{x}" y="{y - 10}" width="12" height="12" fill="{colour}"/>')
        parts.append(text(x + 17, y, name))
        x += 34 + 6.6 * len(name)
    return parts


def text(x, y, words, anchor="start", size=None):
    sized = f' style="font-size:{size}px"' if size else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{sized}>{escape(str(words))}</text>'


def svg(height, parts):
    inner = "\n".join(parts)
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">'
    return f"{head}\n{STYLE}\n{inner}\n</svg>\n"


def nice(most):
    """The next number that divides well by four."""
    scale = 1.0
    while most > 40 * scale:
        scale *= 10
    while most <= 4 * scale:
        scale /= 10
    return next(step * scale for step in (4, 8, 12, 16, 20, 24, 32, 40) if step * scale >= most)


def steps(far):
    return [round(far * step / 4) for step in range(5)]


def fits(series):
    return all(len(points) <= 8 for points in series.values())
