# SPDX-License-Identifier: MIT
"""The page of a report of bench/report: page(report) is HTML that needs nothing else."""
import html

import peers

COLOURS = ["#2f6fb5", "#d9822b", "#3c9a5f", "#b0478f", "#7a6fd0", "#c9b037", "#4fb3bf", "#a0522d", "#e07a8a", "#6b8e23", "#5b6ee1",
           "#8a8a8a"]
STYLE = """
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--dim:#5b6570;--line:#d5dae0;--good:#1f7a3d;--bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--bg:#14181d;--fg:#e6e9ed;--dim:#9aa5b1;--line:#39424c;--good:#5fcf86;--bad:#ff8a80}}
body{background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.2rem}
table{border-collapse:collapse;font-size:.86rem;width:100%}
th,td{border-bottom:1px solid var(--line);padding:.25rem .5rem;text-align:right}
th:first-child,td:first-child{text-align:left;white-space:nowrap}.scroll{overflow-x:auto}
.met{color:var(--good);font-weight:600}.missed,.failed{color:var(--bad);font-weight:600}
table.functions th:nth-child(2),table.functions td:nth-child(2),table.peers th:nth-child(2),table.peers td:nth-child(2){text-align:left}
table.functions th{vertical-align:bottom}table.functions td{padding:.05rem .5rem;white-space:nowrap}
p,dt{color:var(--dim)}p{overflow-wrap:anywhere}dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem}dd{margin:0}
svg{width:100%;height:auto;max-width:46rem}svg text{fill:var(--fg);font-size:12px}svg .dim{fill:var(--dim)}
svg .grid{stroke:var(--line)}svg .axis{stroke:var(--dim)}
"""


def text(value):
    return html.escape(str(value))


def ceiling(value):
    """A round number not below `value`."""
    step = 10 ** (len(str(int(value or 1))) - 1)
    return next(n * step for n in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if n * step >= value)


def lines(title, unit, series, log=False):
    """series: [(name, [(x, y)])], over places of equal distance."""
    series = [(name, sorted(points)) for name, points in series if len(points) > 1]
    if not series:
        return ""
    places = sorted({x for _, points in series for x, _ in points})
    top = ceiling(max(y for _, points in series for _, y in points))
    left, right, height = 50, 500, 220

    def at(x, y):
        return left + 20 + places.index(x) * (right - left - 40) / max(1, len(places) - 1), 20 + height * (1 - y / top)

    out = ['<svg viewBox="0 0 720 290" role="img" aria-label="%s">' % text(title)]
    for i in range(5):
        y = 20 + height * i / 4
        out.append('<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/><text class="dim" x="%d" y="%.1f" '
                   'text-anchor="end">%g</text>' % (left, right, y, y, left - 6, y + 4, top * (4 - i) / 4))
    for x in places:
        out.append('<text class="dim" x="%.1f" y="%d" text-anchor="middle">%s</text>' % (at(x, 0)[0], height + 38, text(x)))
    out.append('<text class="dim" x="%d" y="%d" text-anchor="middle">%s</text>' % ((left + right) / 2, height + 58, text(unit)))
    for number, (name, points) in enumerate(series):
        colour = COLOURS[number % len(COLOURS)]
        spots = [at(x, y) for x, y in points]
        out.append('<polyline fill="none" stroke="%s" stroke-width="2" points="%s"/>' % (
            colour, " ".join("%.1f,%.1f" % spot for spot in spots)))
        for spot, (x, y) in zip(spots, points):
            out.append('<circle cx="%.1f" cy="%.1f" r="4" fill="%s"><title>%s: %.1f at %s</title></circle>' % (
                spot[0], spot[1], colour, text(name), y, text(x)))
        out.append('<rect x="515" y="%d" width="12" height="12" fill="%s"/><text x="533" y="%d">%s</text>' % (
            22 + 22 * number, colour, 32 + 22 * number, text(name)))
    return "<h2>%s</h2>%s</svg>" % (text(title), "".join(out))


def legend(names, x, y, wide=150, across=4):
    out = []
    for place, name in enumerate(names):
        left, top = x + wide * (place % across), y + 20 * (place // across)
        out.append('<rect x="%d" y="%d" width="11" height="11" fill="%s"/><text x="%d" y="%d">%s</text>' % (
            left, top, COLOURS[place % len(COLOURS)], left + 16, top + 10, text(name)))
    return "".join(out)


def bars(title, rows, left=250, most=7, order=None):
    """rows: [(name, {part: value})], stacked. Parts beyond the `most` largest are one, "others"."""
    rows = [row for row in rows if row[1]]
    if not rows:
        return ""
    parts = {}
    for _, values in rows:
        for part, value in values.items():
            parts[part] = parts.get(part, 0) + value / sum(values.values())
    shown = order or sorted(parts, key=parts.get, reverse=True)[:most]
    names = shown + (["others"] if set(parts) - set(shown) else [])
    widest = max(sum(values.values()) for _, values in rows)
    across = 4 if max(map(len, names)) < 18 else 3
    top = 20 * ((len(names) + across - 1) // across) + 8
    out = ['<svg viewBox="0 0 720 %d" role="img" aria-label="%s">' % (top + 26 * len(rows), text(title)),
           legend([part[8:] if part.startswith("Aerovnet") else part for part in names], 8, 0, 712 // across, across)]
    for number, (name, values) in enumerate(rows):
        x, y = left, top + 26 * number
        out.append('<text x="%d" y="%d" text-anchor="end">%s</text>' % (left - 8, y + 14, text(name)))
        other = sum(value for part, value in values.items() if part not in shown)
        for place, (part, value) in enumerate([(part, values.get(part, 0)) for part in shown] + [("others", other)]):
            width = (660 - left) * value / widest
            if width:
                out.append('<rect x="%.1f" y="%d" width="%.1f" height="19" fill="%s"><title>%s: %.1f</title></rect>' % (
                    x, y, width, COLOURS[place % len(COLOURS)], text(part), value))
            x += width
        out.append('<text x="%.1f" y="%d">%.0f</text>' % (x + 6, y + 14, sum(values.values())))
    return "<h2>%s</h2>%s</svg>" % (text(title), "".join(out))


def groups(title, rows, names, left=250):
    """rows: [(case, {name: [values]})]: for each case a bar for each name, as long as the median; a line from the least
    to the most."""
    rows = [row for row in rows if row[1]]
    if not rows:
        return ""
    widest = max(max(values) for _, some in rows for values in some.values())
    y, out = 30, []
    for case, some in rows:
        middle = y + 15 * len(some) / 2 + 4
        out.append('<text x="%d" y="%.1f" text-anchor="end">%s</text>' % (left - 8, middle, text(case)))
        for place, name in enumerate(names):
            if name not in some:
                continue
            values = sorted(some[name])
            ends = [left + (655 - left) * value / widest for value in (values[0], values[len(values) // 2], values[-1])]
            out.append('<rect x="%d" y="%d" width="%.1f" height="13" fill="%s"><title>%s: %s</title></rect>' % (
                left, y, ends[1] - left, COLOURS[place], text(name), ", ".join("%.2f" % value for value in values)))
            out.append('<line class="axis" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>' % (ends[0], ends[2], y + 6.5, y + 6.5))
            out.append('<text x="%.1f" y="%d">%s</text>' % (ends[2] + 6, y + 11, "%.0f" % values[len(values) // 2] if widest > 20 else
                                                            "%.2f" % values[len(values) // 2]))
            y += 15
        y += 9
    return '<h2>%s</h2><svg viewBox="0 0 720 %d" role="img" aria-label="%s">%s%s</svg>' % (
        text(title), y, text(title), legend(names, 8, 4, 178), "".join(out))


def pick(report, x, **facts):
    return [(case[x], case["instructions"]) for case in report["cases"].values()
            if all(case.get(key) == value for key, value in facts.items())]


def charts(report):
    plain = {"tag": False, "event_idx": False, "adapters": 1, "ring": 256}
    sizes = [("sent, lists of 32, %d piece%s" % (n, "s" if n > 1 else ""),
              pick(report, "size", direction="tx", lists=32, pieces=n, **plain)) for n in (1, 4, 8)]
    sizes += [("sent one at a time", pick(report, "size", direction="tx", lists=1, pieces=1, burst=None, **plain)),
              ("sent singly, busy device", pick(report, "size", direction="tx", lists=1, burst=32, **plain)),
              ("received, 32 an interrupt", pick(report, "size", direction="rx", lists=32, **plain))]
    lists, rings, adapters = [], [], []
    for direction, name in (("tx", "sent"), ("rx", "received")):
        some = dict(plain, direction=direction, size=60, pieces=1, burst=None)
        lists.append((name, pick(report, "lists", **some)))
        rings.append((name, pick(report, "ring", **dict({k: v for k, v in some.items() if k != "ring"}, lists=32))))
        adapters.append((name, pick(report, "adapters", **dict({k: v for k, v in some.items() if k != "adapters"}, lists=32))))
    rows = [(name.replace("   ", " ").replace("  ", " "), case) for name, case in report["cases"].items()
            if case.get("size") in (60, 1514) and not case["tag"] and not case["event_idx"] and case["lists"] in (1, 32) and
            case["ring"] == 256 and case["adapters"] == 1]
    return "".join([lines("Instructions a frame, by frame size", "bytes", sizes),
                    lines("Instructions a frame, by length of the list, 60 bytes", "lists in a call, or frames an interrupt", lists),
                    lines("Instructions a frame, by ring size, 60 bytes, lists of 32", "ring entries", rings),
                    lines("Instructions a frame, by adapters, 60 bytes, lists of 32", "adapters", adapters),
                    bars("Where each instruction goes, by class", [(name, case["classes"]) for name, case in rows], 230,
                         order=["NDIS side", "ring", "registers", "copy"]),
                    bars("Where each instruction goes, by function",
                         [(name, dict(rows)[name]["functions"]) for name in SHOWN if name in dict(rows)], 230, 11),
                    functions(dict(rows))])


FEW = 5  # instructions: a function that has no more in any case is left out
# Cases of the table of functions.
SHOWN = ("tx 60 bytes, lists of 32, 1 piece", "tx 1514 bytes, lists of 32, 4 pieces", "tx 60 bytes, lists of 1, 1 piece",
         "tx 60 bytes, singly, busy device", "rx 60 bytes, lists of 32, 1 piece", "rx 60 bytes, lists of 1, 1 piece")


def functions(cases):
    """A table: each function, its class, and its instructions in some cases."""
    some = [(name, cases[name]) for name in SHOWN if name in cases]
    every = {function for _, case in some for function, value in case["functions"].items() if value >= FEW}
    kinds = {function: kind for _, case in some for function, kind in case.get("kinds", {}).items()}
    rows = [[function, kinds.get(function, "")] + ["%.1f" % case["functions"].get(function, 0) if function in case["functions"] else ""
                                                   for _, case in some] for function in every]
    rows.sort(key=lambda row: -max(float(cell or 0) for cell in row[2:]))
    return "<h2>Instructions a frame of each function</h2><p>Without functions that have fewer than %d in each case.</p>%s" % (
        FEW, table(["function", "class"] + [name for name, _ in some], rows, "functions")) if rows else ""


def table(heads, rows, kind="plain"):
    return '<div class="scroll"><table class="' + kind + '"><tr>%s</tr>%s</table></div>' % (
        "".join("<th>%s</th>" % text(head).replace("&amp;shy;", "&shy;") for head in heads),
        "".join("<tr>%s</tr>" % "".join('<td%s>%s</td>' % (
            ' class="%s"' % cell if cell in ("met", "missed") else "", text(cell)) for cell in row) for row in rows))


def number(value):
    return "-" if value is None else "%.1f" % value


def checks(report):
    """What the driver costs without its checks of what the device wrote."""
    if not report.get("checks"):
        return ""
    rows = [(row["what"], number(row["checked"]), number(row["unchecked"]), "%.1f" % row["saved"]) for row in report["checks"]]
    return ("<h2>The checks of the device</h2><p>The same driver, built without its checks of what the device wrote. It is "
            "counted here, and never shipped.</p>" + table(["case", "instructions", "without the checks", "% less"], rows))


def floods(report):
    if not report.get("floods"):
        return ""
    rows = [(flood["bus"], flood["ring"], "not kept" if flood["hold"] == "0" else "for up to %s frames" % flood["hold"].rstrip("f"),
             number(flood["share"]), "-" if flood["rate"] is None else "{:,}".format(flood["rate"])) for flood in report["floods"]]
    return ("<h2>Lists with NDIS_RECEIVE_FLAGS_RESOURCES in a flood</h2><p>Frames of 60 bytes, as fast as the device takes "
            "them: the median of three runs. Frames per second are in real time.</p>" +
            table(["device", "ring entries", "the stack keeps lists", "with RESOURCES, %", "frames per second"], rows))


def beside(report):
    """The peers: a bar for each driver, and the table."""
    found = report.get("peers")
    if not found:
        return ""
    def of(key):
        return [(case, {peer: [counts[key] for counts in some[peer]] for peer in peers.PEERS if peer in some})
                for case, some in found["cases"].items()]
    ratios = [(case, {peer: peers.ratios(some, peer) for peer in peers.PEERS if peers.ratios(some, peer)})
              for case, some in found["cases"].items()]
    failed = '<p class="failed">Not counted: %s</p>' % text(found["why"]) if found["why"] else ""
    return """<h2>Beside the peers</h2>%s<p>Instructions of the driver alone, in one virtual machine, whose processor QEMU
emulates and counts. The drivers took turns, %d rounds; a bar is the median, the line on it goes from the least to the most. Linux %s,
its modules virtio_net, virtio_ring and virtio_pci; pktgen sends bursts of 32, and a packet socket receives. UDP sockets send and receive
32 to 64 datagrams a call. DPDK %s: calls that moved no frame are taken out. Device: %s. QEMU %s. Notifications and interrupts are for
1,000 frames. Idle: 50 frames per second, each alone. Frames per second are of an emulated processor, and of all that sends or receives
above the driver: read the ratio as a check that no driver stalls, and not as speed. Not counted here: exits and cache misses, since an
emulated processor has none.</p>%s%s%s%s%s
""" % (failed, found["rounds"], text(found["kernel"]), text(found["dpdk"]), text(found["device"]).replace(",", ",<wbr>"), text(found["qemu"]),
       groups("Instructions a frame, by driver", of("instructions"), peers.PEERS),
       groups("Notifications for 1,000 frames", of("notifications"), peers.PEERS),
       groups("Interrupts for 1,000 frames", of("interrupts"), peers.PEERS),
       groups("Frames per second, as a ratio to Linux virtio_net in the same round", ratios, peers.PEERS),
       table(["case", "driver", "instructions", "notifications", "interrupts", "frames per second beside Linux"],
             list(peers.rows(found)), "peers"))


def page(report):
    facts = "".join("<dt>%s</dt><dd>%s</dd>" % (text(key), text(value)) for key, value in report["about"].items())
    aims = [(row["what"], "-" if row["counted"] is None else "%.1f" % row["counted"], row["target"], row["verdict"])
            for row in report["targets"]]
    aims += [(row["what"], "%.1f to %.1f" % (row["least"], row["most"]), "within 2 %", row["verdict"]) for row in report["flat"]]
    causes = "".join("<p><b>%s</b> is missed. %s</p>" % (text(row["what"]), text(row["cause"]))
                     for row in report["targets"] + report["flat"] if "cause" in row)
    heads = ["case", "instructions", "NDIS side", "ring", "registers", "copy", "locked", "calls", "alloca&shy;tions", "bytes copied",
             "ring lines", "reg. reads", "reg. writes", "notifi&shy;cations", "inter&shy;rupts", "host", "driver's share"]
    rows = [[name] + ["%.1f" % case["instructions"]] +
            ["%.1f" % case["classes"].get(kind, 0) for kind in ("NDIS side", "ring", "registers", "copy")] +
            ["%.2f" % case[key] for key in ("interlocked", "ndis_calls", "allocations")] + ["%.0f" % case["bytes"]] +
            ["%.2f" % case["ring_lines"]] +
            ["%.3f" % case[key] for key in ("register_reads", "register_writes", "notifications", "interrupts")] +
            ["%.0f" % case["host"], "%.1f %%" % (100 * case["share"])] for name, case in report["cases"].items()]
    failed = "".join('<p class="failed">No count: %s</p>' % text(name) for name in report["failed"])
    return """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>aerovnet: what a
frame costs</title><style>%s</style></head><body><h1>aerovnet: what a frame costs</h1>
<p>Instructions of the driver, counted by a plugin of QEMU on ndishost's model in lockstep. Where a number is in real time, the page says so.</p><dl>%s</dl>%s
<h2>Targets</h2>%s%s%s%s%s<h2>Every case, per frame</h2><p>Ring lines: distinct 64 bytes of descriptors, rings and indirect
tables that the driver touches for each turn of the device. Received frames are in one piece: the driver does not negotiate
VIRTIO_NET_F_MRG_RXBUF, so each frame is in one buffer, which is one MDL.</p>%s</body></html>
""" % (STYLE, facts, failed, table(["what", "counted", "target", "verdict"], aims), causes, checks(report) + beside(report), charts(report), floods(report),
       table(heads, rows))
