"""The plot of cost against the number of checks and agents, as an SVG that fits light and dark pages."""

import math

WIDTH, HEIGHT = 400, 290
LEFT, RIGHT, TOP, BOTTOM = 62, 30, 34, 46
DECADES_X = 4

STYLE = """
text { font: 12px sans-serif; fill: #57606a; }
.title { font-size: 13px; font-weight: bold; fill: #24292f; }
.grid { stroke: #57606a; stroke-opacity: .25; }
.line { fill: none; stroke-width: 2; }
.checks { stroke: #0969da; } .agents { stroke: #bc4c00; }
.dot.checks, .name.checks { fill: #0969da; stroke: none; } .dot.agents, .name.agents { fill: #bc4c00; stroke: none; }
.none { stroke-dasharray: 5 4; } .dot { stroke-dasharray: none; }
@media (prefers-color-scheme: dark) {
  text { fill: #9198a1; } .title { fill: #e6edf3; } .grid { stroke: #9198a1; }
  .checks { stroke: #58a6ff; } .agents { stroke: #f0883e; }
  .dot.checks, .name.checks { fill: #58a6ff; } .dot.agents, .name.agents { fill: #f0883e; }
}
"""

PANELS = (
    ("Private memory", lambda point: point["private_kib"] / 1024, "MiB"),
    ("CPU of a tick with nothing due, to all", lambda point: point["tick_cpu_us"] / 1000, "ms"),
    ("Start to all consumers registered", lambda point: point["start_s"] * 1000, "ms"),
)


def _number(value):
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


class _Panel:
    """One diagram with logarithmic axes."""

    def __init__(self, x, title, unit, values):
        self._x = x
        self._low = math.floor(math.log10(min(values)))
        self._high = max(math.ceil(math.log10(max(values))), self._low + 1)
        self.parts = [f'<text class="title" x="{x + LEFT}" y="18">{title}, {unit}</text>']
        self._draw_grid()

    def _place(self, count, value):
        x = self._x + LEFT + math.log10(count) / DECADES_X * (WIDTH - LEFT - RIGHT)
        share = (math.log10(value) - self._low) / (self._high - self._low)
        return round(x, 1), round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)

    def _draw_grid(self):
        for decade in range(self._low, self._high + 1):
            x, y = self._place(1, 10 ** decade)
            self.parts.append(f'<path class="grid" d="M{x} {y}H{self._x + WIDTH - RIGHT}"/>'
                              f'<text x="{x - 6}" y="{y + 4}" text-anchor="end">{_number(10 ** decade)}</text>')
        for decade in range(DECADES_X + 1):
            x, y = self._place(10 ** decade, 10 ** self._low)
            self.parts.append(f'<path class="grid" d="M{x} {y}V{TOP}"/>'
                              f'<text x="{x}" y="{y + 17}" text-anchor="middle">{_number(10 ** decade)}</text>')
        x, y = self._place(10 ** (DECADES_X / 2), 10 ** self._low)
        self.parts.append(f'<text x="{x}" y="{y + 34}" text-anchor="middle">checks of one agent, or agents</text>')

    def draw(self, name, points):
        """Draw a line with a dot for each (count, value)."""
        kind, bus = name.split(", --bus=")
        places = [self._place(*point) for point in points]
        path = "M" + "L".join(f"{x} {y}" for x, y in places)
        self.parts.append(f'<path class="line {kind} {bus}" d="{path}"/>')
        self.parts += [f'<circle class="dot {kind}" cx="{x}" cy="{y}" r="3"/>' for x, y in places]


def _legend(y):
    x, parts = LEFT, []
    for kind, bus, words in (("checks", "session", "1 agent, on the bus"), ("checks", "none", "1 agent, --bus=none"),
                             ("agents", "session", "agents with 10 checks, on the bus"),
                             ("agents", "none", "agents with 10 checks, --bus=none")):
        parts.append(f'<path class="line {kind} {bus}" d="M{x} {y - 4}h28"/><text x="{x + 36}" y="{y}">{words}</text>')
        x += 62 + 7 * len(words)
    return parts


def write(growth, path):
    """Write the diagrams of Report.growth side by side."""
    body = []
    for number, (title, value, unit) in enumerate(PANELS):
        series = {name: [(point["count"], value(point)) for point in points] for name, points in growth.items()}
        panel = _Panel(number * WIDTH, title, unit, [v for points in series.values() for _, v in points])
        for name, points in series.items():
            panel.draw(name, points)
        body += panel.parts
    width, height = WIDTH * len(PANELS), HEIGHT + 24
    text = "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        "<title>Cost against the number of checks and agents</title>", f"<style>{STYLE}</style>", *body,
        *_legend(HEIGHT + 14), "</svg>", ""])
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
