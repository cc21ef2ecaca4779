# SPDX-License-Identifier: MIT
"""The ISO of tools/virtio-win-iso: what its files are called, and where they lie."""
from lines import succeed

NAMES = {"netkvm.inf": "aerovnet.inf"}
NAMES.update({name: name for name in ("aerovnet.sys", "aerovnet.cat", "aerovnetm.inf", "aerovnetm.sys", "aerovnetm.cat")})
PLACES = {"NetKVM/w7/amd64": "x64", "NetKVM/w7/x86": "x86", "NetKVM/2k8R2/amd64": "x64"}


def made(folder):
    """A new ISO, and the folder that it is unpacked to."""
    iso = folder + "/new.iso"
    succeed("tools/virtio-win-iso", iso)
    succeed("xorriso", "-osirrox", "on", "-indev", iso, "-extract", "/", folder + "/disk")
    return iso, folder + "/disk"
