# SPDX-License-Identifier: MIT
"""A page of bar charts: one per measurement, one bar per system, the spread of the rounds as a whisker."""

import html

BAR, GAP, LEFT, WIDTH, RIGHT = 16, 5, 120, 420, 150


def bars(run, rated):
    """The measurement as SVG; nothing if its systems cannot be compared."""
    shown = [each for each in run["results"] if rated(each)[0]]
    if not shown:
        return ""
    more_is_better = rated(shown[0])[1]
    name = "per_second" if more_is_better else "p50_us"
    longest = max(each[name + "_max"] for each in shown) or 1
    height = len(shown) * (BAR + GAP)
    parts = [f'<svg width="{LEFT + WIDTH + RIGHT}" height="{height}" font-family="sans-serif" font-size="12">']
    for at, each in enumerate(shown):
        top, value = at * (BAR + GAP), each[name]
        low, high = (LEFT + WIDTH * each[name + end] / longest for end in ("_min", "_max"))
        colour = "#c2410c" if each["system"].startswith("askr") else "#64748b" if each["system"].startswith("raw") else "#2563eb"
        unit = "/s" if more_is_better else " us"
        parts.append(f'<text x="{LEFT - 8}" y="{top + 12}" text-anchor="end">{html.escape(each["system"])}</text>')
        parts.append(f'<rect x="{LEFT}" y="{top}" width="{WIDTH * value / longest:.1f}" height="{BAR}" fill="{colour}"/>')
        parts.append(f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{top + BAR / 2}" y2="{top + BAR / 2}" stroke="black"/>')
        lost = f' ({each["lost"]:,.0f} lost)' if each.get("lost") else ""
        parts.append(f'<text x="{max(high, LEFT) + 6:.1f}" y="{top + 12}">{value:,.0f}{unit}{lost}</text>')
    return "\n".join(parts) + "</svg>"


def page(runs, rated):
    first = next((each for run in runs for each in run["results"]), {})
    machine = ", ".join(f"{name} {value}" for name, value in {**first.get("machine", {}), **first.get("build", {})}.items())
    sections = "".join(f"<h2>{html.escape(run['title'])}</h2>{bars(run, rated)}" for run in runs if bars(run, rated))
    return (f"<!doctype html><meta charset=utf-8><title>askr-bench</title><h1>askr-bench</h1><p>{html.escape(machine)}</p>"
            f"<p>Medians; the lines are the spread of the rounds. Compare bars of one chart only.</p>{sections}")
