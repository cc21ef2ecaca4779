# SPDX-License-Identifier: MIT
"""
Wine for the tests of the package: one prefix below out/tests/wine, which one test uses at a time.

    LOCK = wine.start()      starts Wine; the file that it returns holds the lock
    ended = wine.run(PROGRAM, argument...)
    wine.allow_x86(DLL...)   from here on, 32-bit programs that need no other DLLs run too
    wine.stop()

PROGRAM is the path of a Windows program, or the name of one of Wine's own (reg, sc, cmd).
"""
import atexit
import fcntl
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections import namedtuple

from lines import report

# "err-all" alone keeps Debian's wrapper from asking for wine32; what follows it counts for Wine.
DEBUG = "fixme-all,err-all,err+all"
OUT = os.path.abspath("out/tests/wine")
SYSTEM = OUT + "/prefix/drive_c/windows/system32/"
ENVIRONMENT = dict(os.environ, WINEPREFIX=OUT + "/prefix", WINEDEBUG=DEBUG, WINEARCH="win64",
                   WINEDLLOVERRIDES="mscoree=;mshtml=;winemenubuilder.exe=")  # fmt: skip

# What Wine itself says when it could not start a program; no test and no script of ours prints it.
_FAULTS = re.compile(
    r"^(?:wine: |wine client error|wineserver: |0\w+:err:).*|^Can't recognize '.*", re.MULTILINE
)

_KEPT = None  # the program of _keep_alive

# status, output on stdout (with \n) and on stderr.
Ended = namedtuple("Ended", "status said errors")


def dos(path):
    return "Z:" + path.replace("/", "\\")


def _text(file):
    file.seek(0)
    return file.read().decode(errors="replace").replace("\r\n", "\n")


def run(program, *arguments, trace="", limit=300):
    """trace: channels for WINEDEBUG, whose lines are in the errors. A program of Wine's own is named by its
    path: Wine starts another program, start.exe, to look up a mere name."""
    if not re.search(r"[/\\]", program):
        program = "C:\\windows\\system32\\%s.exe" % program
    environment = dict(ENVIRONMENT, WINEDEBUG=DEBUG + "," + trace) if trace else ENVIRONMENT
    # Files, not pipes: a program that Wine leaves running would keep a pipe open.
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as errors:
        done = subprocess.run(["wine", program, *arguments], stdin=subprocess.DEVNULL, stdout=said, stderr=errors,
                              env=environment, timeout=limit, check=False)  # fmt: skip
        return Ended(done.returncode, _text(said), _text(errors))


def allow_x86(*names):
    """Debian's 64-bit Wine runs 32-bit programs ("experimental wow64 mode") where it finds 32-bit DLLs. Those are
    Windows programs, so no foreign architecture is needed: they come out of Debian's package libwine:i386."""
    done = subprocess.run(["vm/fetch", "libwine:i386"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise report.Failure(done.stderr.strip())
    folder = os.path.abspath(done.stdout.strip()) + "/usr/lib/i386-linux-gnu/wine/i386-windows"
    target, path = OUT + "/prefix/drive_c/windows/syswow64", OUT + "/path"
    # Not the package's own place: its name has the colon that parts the places of WINEDLLPATH.
    for place in (target, path + "/i386-windows"):
        os.makedirs(place, exist_ok=True)
        for name in names:
            shutil.copy("%s/%s.dll" % (folder, name), place)
    ENVIRONMENT["WINEDLLPATH"] = path


def faults(text):
    """The lines by which Wine says that it failed itself."""
    return [line.strip() for line in _FAULTS.findall(text)]


def executed(errors):
    """The commands that cmd ran, out of its trace (trace+cmd): what a script would have said is among them."""
    return re.findall(r"""WCMD_process_commands Executing command: 'L"(.*)"'""", errors)


def start():
    """Starts Wine's server anew, with a prefix of its own. What comes back holds the lock while it is open."""
    os.makedirs(OUT, exist_ok=True)
    # Python's files are not inherited: Wine's server outlives a test and must not keep the lock.
    lock = open(OUT + "/lock", "w", encoding="ascii")
    fcntl.flock(lock, fcntl.LOCK_EX)
    signal.signal(signal.SIGTERM, _end)
    if not shutil.which("wine"):
        raise report.Failure("Wine is not installed: tools/packages test")
    stop()
    # A server that ends between two programs would forget the keys that Wine does not save, as HKU\S-1-5-19.
    silent = dict(env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    subprocess.run(["wineserver", "-p"], check=False, **silent)
    # The first program makes the prefix, or brings it up to date.
    ended = run("cmd", "/d", "/c", "exit", limit=600)
    if ended.status != 0:
        raise report.Failure("Wine does not start: status %d %s" % (ended.status, ended.errors))
    _keep_alive()
    return lock


def _end(number, _):
    """A test that is ended ends Wine, too. The tests that wait for their turn would go on after sys.exit()."""
    stop()
    atexit._run_exitfuncs()
    os._exit(128 + number)


def _keep_alive():
    """Wine ends its services, and the drivers in them, when the last program ends. One that waits for its input
    lives as long as this process, so that a driver that one program started is there for the next."""
    global _KEPT  # pylint: disable=global-statement
    _KEPT = subprocess.Popen(["wine", "C:\\windows\\system32\\cmd.exe", "/d", "/k"], stdin=subprocess.PIPE,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT)  # fmt: skip


def stop():
    subprocess.run(["wineserver", "-k"], env=ENVIRONMENT, capture_output=True, check=False)
