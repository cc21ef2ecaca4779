# SPDX-License-Identifier: MIT
"""Test programs that use cmocka: builds them in some configurations, runs them, prints their lines.

    suite = Suite("tests/unit/unit.mk", "out/tests/unit", name)
    suite.configuration("gcc64", "gcc", "-O2 -g")
    sys.exit(suite.main(sys.argv[1:]))

`name(configuration, program, case)` gives the name of a line. Arguments of main: configurations, and
words that the name of a program must contain; without configurations all are run. `-m32` in a compiler
uses the libraries for i386 that tools/fetch-i386-zydis unpacks.
"""
import glob
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import report
from report import PROCESSORS, ROOT

I386 = os.path.join(ROOT, "out/deps/i386/usr")
ASAN = "-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all"
# There while QEMU runs the 32-bit programs (tools/run32).
EMULATED = "/proc/sys/fs/binfmt_misc/aerovnet-i386"
SKIPPED = 77  # exit status of a program that cannot run here; it prints "skip: why"


class Tap:
    """cmocka's TAP, line by line: what became of each test, and when. `tell(kind, case, why, seconds)`."""

    def __init__(self, tell, log):
        self.tell, self.log = tell, log
        self.plan, self.done, self.failures, self.skipped = 0, 0, 0, False
        self.said, self.summary, self.failing = "", "", None
        self.since = time.monotonic()

    def lap(self):
        now = time.monotonic()
        seconds, self.since = now - self.since, now
        return seconds

    def finish(self):
        """A failed test is told when all is there that was said of it."""
        if self.failing:
            case, seconds, why = self.failing
            self.tell("FAIL", case, "; ".join(why) or "see " + self.log, seconds)
            self.failures += 1
        self.failing = None

    def line(self, text):
        test = re.match(r"(not )?ok \d+ (?:- (\S+)|# SKIP (\S+))", text)
        if text.startswith("1.."):
            self.plan = int(text[3:])
        elif test:
            self.finish()
            if test[1]:
                self.failing = test[2], self.lap(), [self.said] if self.said else []
            elif test[3]:
                self.tell("skip", test[3], self.said or "this processor or build lacks what it tests", None)
            else:
                self.tell("ok", test[2], None, self.lap())
            self.said, self.done = "", self.done + 1
        elif text.startswith("skip: "):
            self.skipped = text[6:]
        elif re.match(r"# (not )?ok - ", text):
            pass
        elif text.startswith("ERROR: "):
            self.said = self.said or text[7:]  # comes before its "not ok"
        elif text.startswith("# ") and self.failing:
            self.failing[2].append(text[2:])
        elif re.match(r"[a-z].* is not installed$", text):
            self.said = text
        elif not self.summary and re.match(r"SUMMARY: |.*runtime error: ", text):
            self.summary = text

    def end(self, status):
        """A program that ended before its plan did, or without one, is a failure of its own."""
        self.finish()
        why = self.summary or "see " + self.log
        if self.skipped and status == SKIPPED:
            self.tell("skip", None, self.skipped, None)
        elif self.plan == 0 or self.done != self.plan:
            self.tell("FAIL", None, "ended after %d of %d tests with status %s: %s" % (
                self.done, self.plan, status, why), None)
        elif status and not self.failures:
            self.tell("FAIL", None, "exit status %s: %s" % (status, why), None)


class Configuration:
    def __init__(self, name, compiler, flags, programs, without):
        self.name, self.compiler, self.programs, self.without = name, compiler, programs, without
        self.flags, self.ldflags, self.wide = flags, "", "-m32" not in compiler
        if not self.wide:
            self.flags += " -I%s/include" % I386
            self.ldflags = "-L%s/lib/i386-linux-gnu -Wl,-rpath,%s/lib/i386-linux-gnu" % (I386, I386)


class Suite:
    def __init__(self, makefile, out, name, timeout=300, parallel=False, emulated=None):
        """`timeout` is each program's, in seconds. `parallel`: the configurations run side by side.
        `emulated`: why QEMU's user mode cannot run the 32-bit programs, which are then skipped."""
        self.emulated = emulated
        self.makefile, self.out, self.name, self.timeout = makefile, out, name, timeout
        self.parallel = parallel
        self.folder = os.path.dirname(makefile)
        self.configurations, self.steps = {}, {}
        self.failed, self.words, self.concealed = False, [], set()
        os.chdir(ROOT)

    def configuration(self, name, compiler, flags, programs=None, without=()):
        """`programs`: these alone; `without`: all but these."""
        self.configurations[name] = Configuration(name, compiler, flags, programs, without)

    def hidden(self, key, name, compiler, flags, without=()):
        """A configuration that a step runs: self.run(self.configurations[key])."""
        self.configurations[key] = Configuration(name, compiler, flags, None, without)
        self.concealed.add(key)

    def step(self, name, function):
        """Something else that can be chosen as configurations can: function(suite)."""
        self.steps[name] = function

    def tell(self, kind, name, why=None, seconds=None):
        self.failed |= kind == "FAIL"
        report.line(kind, name, why, seconds)

    def skipped(self, configuration):
        """A kernel that runs no 32-bit programs leaves them to QEMU, which lacks what some of them test."""
        if configuration.wide or not self.emulated or not os.path.exists(EMULATED):
            return False
        self.tell("skip", self.name(configuration.name, "build", None),
                  "this kernel runs no 32-bit programs, and " + self.emulated)
        return True

    def build(self, configuration):
        if self.skipped(configuration):
            return False
        if not configuration.wide and not os.path.exists(I386 + "/include/cmocka.h"):
            subprocess.run(["tools/fetch-i386-zydis"], stdout=sys.stderr, check=False)
        folder = "%s/%s" % (self.out, configuration.name)
        os.makedirs(folder, exist_ok=True)
        log = folder + "/build.log"
        with open(log, "w+", encoding="utf-8", errors="replace") as file:
            done = subprocess.run(
                ["make", "-s", "-j%d" % PROCESSORS, "-f", self.makefile, "OUT=" + folder,
                 "CC=" + configuration.compiler, "FLAGS=" + configuration.flags,
                 "LDFLAGS=" + configuration.ldflags], stdout=file, stderr=file, check=False)
            file.seek(0)
            why = report.why_make_failed(file.read())
        if done.returncode:
            self.tell("FAIL", self.name(configuration.name, "build", None), "%s (all of it: %s)" % (why, log))
        return not done.returncode

    def programs(self, configuration):
        names = configuration.programs or sorted(
            os.path.basename(path)[:-2] for path in glob.glob(self.folder + "/test_*.c"))
        return [name for name in names if name not in configuration.without and
                all(word in name for word in self.words)]

    def run_program(self, configuration, program):
        log = "%s/%s/%s.log" % (self.out, configuration.name, program)

        def tell(kind, case, why, seconds):
            self.tell(kind, self.name(configuration.name, program, case), why, seconds)

        tap = Tap(tell, log)
        environment = dict(os.environ)
        if not configuration.wide and os.path.exists(EMULATED):
            # Under QEMU the search for leaks at the end of a program does not end. The 64-bit programs search.
            environment["ASAN_OPTIONS"] = environment.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        command = ["timeout", str(self.timeout), os.path.join(self.out, configuration.name, program)]
        with open(log, "w", encoding="utf-8") as file, subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                env=environment) as process:
            for text in process.stdout:
                file.write(text)
                tap.line(text.rstrip("\n"))
            tap.end(process.wait())

    def run_programs(self, configuration):
        for program in self.programs(configuration):
            self.run_program(configuration, program)

    def run(self, configuration):
        if self.build(configuration):
            self.run_programs(configuration)

    def run_all(self, names):
        chosen = [self.configurations[name] for name in names if name not in self.steps]
        if self.parallel:
            built = [configuration for configuration in chosen if self.build(configuration)]
            with ThreadPoolExecutor(max_workers=len(built) or 1) as pool:
                list(pool.map(self.run_programs, built))
        else:
            for configuration in chosen:
                self.run(configuration)
        for name in names:
            if name in self.steps:
                self.steps[name](self)

    def main(self, arguments):
        report.help_asked()
        known = [name for name in [*self.configurations, *self.steps] if name not in self.concealed]
        chosen = [name for name in arguments if name in known]
        self.words = [word for word in arguments if word not in known]
        for word in self.words:
            if not glob.glob("%s/test_*%s*.c" % (self.folder, word)):
                sys.exit("%s/run: '%s' is not a configuration (%s) and in no program's name" % (
                    self.folder, word, " ".join(known)))
        os.environ["SEED"] = str(report.seed(int(time.time())))
        os.environ.setdefault("UBSAN_OPTIONS", "halt_on_error=1:print_stacktrace=1")
        os.environ.setdefault("TSAN_OPTIONS", "halt_on_error=1:exitcode=66")
        os.environ["CMOCKA_MESSAGE_OUTPUT"] = "TAP"
        self.run_all(chosen or [name for name in known if not (self.words and name in self.steps)])
        print("seed %d" % report.seed())
        return 1 if self.failed else 0
