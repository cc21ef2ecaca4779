# SPDX-License-Identifier: MIT
"""A network namespace for a test, and addresses in it.

    own_network()                           this process has no network but its own from here on
    give_address("aero0", "10.99.0.1/24")   and the interface is up
    with Far("far0", "10.99.0.2/24") as far:
        far.run("ping", "10.99.0.1")        in another namespace, where that interface is now
"""
import ctypes
import os
import subprocess

from report import Failure, stop

CLONE_NEWNET = 0x40000000
CLONE_NEWUSER = 0x10000000


def own_network(name):
    libc = ctypes.CDLL(None, use_errno=True)
    flags = CLONE_NEWNET if os.geteuid() == 0 else CLONE_NEWNET | CLONE_NEWUSER
    if libc.unshare(flags):
        stop(name, "the kernel gives no network namespace; run it as root")


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


def give_address(interface, address):
    ip("address", "add", address, "dev", interface)
    ip("link", "set", interface, "up")


class Far:
    """Another namespace, with the interface and the address in it, as long as the block lasts."""

    def __init__(self, interface, address):
        self.interface, self.address = interface, address

    def __enter__(self):
        self.process = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec cat"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.process.stdout.readline()
        ip("link", "set", self.interface, "netns", str(self.process.pid))
        words = ["nodad"] if ":" in self.address else []
        self.run("ip", "address", "add", self.address, "dev", self.interface, *words)
        self.run("ip", "link", "set", self.interface, "up")
        return self

    def run(self, *command):
        done = subprocess.run(["nsenter", "--net=/proc/%d/ns/net" % self.process.pid, *command],
                              capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failure("%s: %s" % (" ".join(command), (done.stdout + done.stderr).strip()[-200:]))
        return done.stdout

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()
