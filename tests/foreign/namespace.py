# SPDX-License-Identifier: MIT
"""A network namespace for a test, and addresses in it.

    own_network()                           this process has no network but its own from here on
    give_address("aero0", "10.99.0.1/24")   and the interface is up
"""
import ctypes
import os
import subprocess

from report import stop

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
