# SPDX-License-Identifier: MIT
"""`ndishost run --shape-search`, and the search of `ndishost test --shape-search`: which liberties of --shape
(ndishost/ndis/api/liberty.h) a failure needs.

    NDISHOST=out/ndishost tools/shapesearch.py SEED JSON CONTROL SHAPE run ...    JSON and CONTROL: "" or as given
    needed = search(liberties, fails)     fails(liberties) runs with these; a list, or None: it did not come again
"""
import json
import os
import re
import subprocess
import sys
import tempfile

NONE = "plain,-chains"
TRIES = 2  # a run that fails by chance may pass


def search(liberties, fails):
    """The liberties without any one of which it does not fail. Halves are tried first, those that are named first
    before the others: of two liberties that do the same it is the first."""
    if fails([]):
        return []
    needed = list(liberties)
    while len(needed) > 1:
        half = len(needed) // 2
        part = next((part for part in (needed[:half], needed[half:]) if fails(part)), None)
        if part is None:
            break
        needed = part
    if len(needed) == 1:
        return needed
    if not fails(needed):
        return None
    for one in reversed(needed):
        rest = [other for other in needed if other != one]
        if fails(rest):
            needed = rest
    return needed


def shape(liberties, base=NONE):
    return ",".join([base] + list(liberties))


def described(host):
    """{liberty: what it is}, as the help has them."""
    text = subprocess.run([host, "run", "--help"], capture_output=True, text=True, check=True).stdout
    return dict(re.findall(r"^  (\S+) +(.*)$", text.partition("Liberties (--shape):\n")[2].partition("\n\n")[0], re.M))


def sentence(needed, what, base=NONE):
    """What was found, in lines."""
    if needed is None:
        return ["the failure did not come again; no liberty can be named"]
    if not needed:
        return ["the failure needs no liberty of --shape: it comes with --shape %s, too" % base]
    lines = ["the failure needs the libert%s %s of --shape" % (
        "y" if len(needed) == 1 else "ies", " and ".join("`%s`" % one for one in needed))]
    return lines + ["  %s: %s" % (one, what[one]) for one in needed]


def load(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return json.load(file)
    except ValueError:  # the run ended too early to write it
        return {}


def rules(report):
    """Those that were broken, in order."""
    return re.findall(r"rule (\S+) broken", "\n".join(report.get("broken", ())))


class Runs:
    """The same run again and again."""

    def __init__(self, host, seed, arguments, given):
        self.host, self.seed, self.arguments, self.given = host, seed, arguments, given

    def run(self, more, seed, **how):
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            words = [self.host, *self.arguments, "--seed", str(seed), "--json", file.name, *more]
            done = subprocess.run(words, input=self.given, check=False, **how)
            return done.returncode, load(file.name)

    def same(self, first, base, liberties):
        """Does it end as the first run did, with the rule that was broken first there?"""
        status, rule = first
        for turn in range(TRIES):
            got, report = self.run(["--quiet", "--shape", shape(liberties, base)], self.seed + turn,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if got == status and (not rule or rule in rules(report)):
                return True
        return False


def say(text):
    print("ndishost: " + text, file=sys.stderr, flush=True)


def write(path, report):
    text = json.dumps(report, indent=1) + "\n"
    try:
        if path == "-":
            sys.stdout.write(text)
        elif path:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        say("--json %s: %s" % (path, error.strerror))
        return False
    return True


def main():
    seed, path, control, first_shape, *arguments = sys.argv[1:]
    host = os.environ["NDISHOST"]
    given = sys.stdin.buffer.read() if control == "-" else b""
    runs = Runs(host, int(seed), arguments, given)
    status, report = runs.run([], runs.seed, stdout=sys.stderr if path == "-" else None)
    if status not in (0, 2):
        base = "%s,-chains" % first_shape[0] if first_shape[:1].isdigit() else NONE
        say("searching for the liberties of --shape that the failure needs")
        found = (rules(report) or [None])[0]
        needed = search(report.get("liberties") or list(described(host)),
                        lambda liberties: runs.same((status, found), base, liberties))
        for text in sentence(needed, described(host), base):
            say(text)
        if needed is not None:
            say("it comes again with --shape %s --seed %d" % (shape(needed, base), runs.seed))
        if report:
            report["failure_needs"] = needed
    if report and not write(path, report):
        return status or 1
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main())
