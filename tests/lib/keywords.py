# SPDX-License-Identifier: MIT
"""The keywords that the INF declares: that of aerovnet, or of the driver that `ndishost test` runs.

    for keyword in declared(): keyword.name, .type, .default, .low, .high, .step, .choices, .has
"""
import re

from target import NotApplicable, target

LINE = re.compile(r"^\s*HKR,\s*Ndi\\Params\\([^\\,]+?)(\\enum)?,\s*\"?(\w+)\"?,\s*0,\s*(.*?)\s*(?:;.*)?$", re.I)


class Keyword:
    def __init__(self, name):
        self.name, self.has, self.choices = name, {}, {}

    def number(self, key):
        text = self.has.get(key, "")
        return int(text) if re.fullmatch(r"\d+", text) else None

    def settle(self):
        self.type = self.has.get("type", "").lower()
        self.default, self.step = self.number("default"), self.number("step")
        if self.type == "enum":
            values = sorted(int(value) for value in self.choices if value.isdigit()) or [None]
            self.low, self.high = values[0], values[-1]
        else:
            self.low, self.high = self.number("min"), self.number("max")


def declared():
    found, texts = {}, {}
    if not target.inf:
        raise NotApplicable("no --inf says which keywords the driver has")
    with open(target.inf, "rb") as file:
        data = file.read()
        for line in data.decode("utf-16" if data[:2] == b"\xff\xfe" else "latin-1").splitlines():
            string = re.match(r"^\s*(\w+)\s*=\s*\"([^\"]*)\"", line)
            if string:
                texts[string[1].lower()] = string[2]
            match = LINE.match(line)
            if match:
                keyword = found.setdefault(match[1].lower(), Keyword(match[1]))
                (keyword.choices if match[2] else keyword.has)[match[3].lower()] = match[4].strip('"')
    for keyword in found.values():
        for values in (keyword.has, keyword.choices):
            for key, value in values.items():
                if value.startswith("%") and value.endswith("%"):
                    values[key] = texts.get(value[1:-1].lower(), value)
        keyword.settle()
    return list(found.values())
