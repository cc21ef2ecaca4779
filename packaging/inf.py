# SPDX-License-Identifier: MIT
"""
The INFs of the drivers as packaging needs them: stamped for one architecture, and asked what belongs to it.

It reads the part of the INF syntax that the project's own INFs use; what is no such INF is a
Problem.
"""
import datetime
import os
import re

from problem import Problem

_DRIVERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "drivers")
SOURCES = {
    "aerovnet": os.path.join(_DRIVERS, "windows7", "virtio-net", "aerovnet.inf"),
    "aerovnetm": os.path.join(_DRIVERS, "win7", "virtio-net", "aerovnetm.inf"),
}
DECORATIONS = {"x86": "NTx86.6.1", "x64": "NTamd64.6.1"}


class Inf:
    """
    sections: name in lower case to its lines, each a (key, value); a line without '=' has key ''.
    """

    def __init__(self, data, name):
        self.name, self.sections = name, {}
        try:
            text = data.decode("ascii")
        except UnicodeDecodeError:
            raise Problem("%s is not plain ASCII" % name) from None
        section = None
        for line in text.splitlines():
            line = _without_comment(line).strip()
            if line.startswith("[") and line.endswith("]"):
                section = self.sections.setdefault(line[1:-1].strip().lower(), [])
            elif line:
                if section is None:
                    raise Problem("%s is not an INF: text before the first section" % name)
                key, equals, value = line.partition("=")
                section.append((key.strip(), value.strip()) if equals else ("", line))
        if "version" not in self.sections:
            raise Problem("%s is not an INF: it has no [Version] section" % name)

    def section(self, name):
        if name.lower() not in self.sections:
            raise Problem("%s has no section [%s]" % (self.name, name))
        return self.sections[name.lower()]

    def value(self, section, key):
        """The text of key, without quotes; Problem if it is not there."""
        for found, value in self.section(section):
            if found.lower() == key.lower():
                return value.strip('"')
        raise Problem("%s, [%s]: there is no %s" % (self.name, section, key))

    def catalog(self):
        return self.value("Version", "CatalogFile")

    def files(self):
        """Names of the files that the INF copies."""
        return [key for key, _ in self.section("SourceDisksFiles")]

    def architectures(self):
        """Those that [Manufacturer] names."""
        _, value = self.section("Manufacturer")[0]
        decorations = [word.strip().lower() for word in value.split(",")[1:]]
        return [arch for arch, name in DECORATIONS.items() if name.lower() in decorations]

    def hardware_ids(self, architecture):
        """The ids of an architecture's models section, in their order."""
        _, value = self.section("Manufacturer")[0]
        models = "%s.%s" % (value.split(",")[0].strip(), DECORATIONS[architecture])
        ids = []
        for _, line in self.section(models):
            ids += [word.strip() for word in line.split(",")[1:]]
        return ids


def _without_comment(line):
    """Up to a semicolon that stands outside of quotes."""
    return re.match(r'(?:[^;"]|"[^"]*"?)*', line).group()


def _replace(text, pattern, replacement, name):
    text, count = re.subn(pattern, lambda found: found.group(1) + replacement, text, flags=re.M)
    if count != 1:
        raise Problem(
            "%s: the line to stamp (%s) is there %d times, not once" % (name, pattern, count)
        )
    return text


def stamp(data, architecture, version, seconds, name):
    """
    The INF of one architecture's folder: version and date in DriverVer, no models of another
    architecture, lines ended by CR LF.
    """
    Inf(data, name)
    text = data.decode("ascii").replace("\r\n", "\n")
    date = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%m/%d/%Y")
    text = _replace(text, r"^(DriverVer *= *).*$", "%s,%s" % (date, version), name)
    text = _replace(text, r"^(%Vendor% *= *Aerovnet, *).*$", DECORATIONS[architecture], name)
    for other, decoration in DECORATIONS.items():
        if other != architecture:
            section = r"^()\[Aerovnet\.%s\]\n(?:[^\[\n].*\n)*\n*" % re.escape(decoration)
            text = _replace(text, section, "", name)
    return text.replace("\n", "\r\n").encode("ascii")
