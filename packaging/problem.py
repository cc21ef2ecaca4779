# SPDX-License-Identifier: MIT
"""Problem: what a person has to hear. The tools print it as one line and end with status 1."""
import subprocess
import sys


class Problem(Exception):
    """What was found, what was expected, what to do."""


def main(tool, function):
    """Runs function(arguments); its Problem becomes the tool's one line."""
    if sys.argv[1:2] in (["-h"], ["--help"]) and tool in ("build-number", "stamp-inf"):
        print(sys.modules["__main__"].__doc__.strip())
        sys.exit(0)
    try:
        sys.exit(function(sys.argv[1:]))
    except Problem as problem:
        print("%s: %s" % (tool, problem), file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def run(*command, **more):
    """The command's standard output; CalledProcessError, with output and stderr, if it fails."""
    try:
        return subprocess.run(
            command, check=True, stdin=subprocess.DEVNULL, capture_output=True, **more
        ).stdout
    except FileNotFoundError:
        raise Problem(
            "'%s' is not installed; as root, run tools/packages build" % command[0]
        ) from None


def last_line(error):
    """What a failed command said last, for the end of a Problem."""
    said = (error.stderr or b"") + b"\n" + (error.stdout or b"")
    lines = [line.strip() for line in said.decode(errors="replace").splitlines()]
    lines = [line for line in lines if line and line not in ("Failed", "Succeeded")]
    return lines[-1] if lines else "status %d" % error.returncode


def read_file(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise Problem("%s cannot be read: %s" % (path, error.strerror.lower())) from None
