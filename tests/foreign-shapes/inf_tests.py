# SPDX-License-Identifier: MIT
"""INFs that ndishost reads: what is installed, in which encoding, and what is said of damaged ones."""
import os
import random
import re
import subprocess

from report import ROOT, expect, seed

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(ROOT, "out/tests/foreign-shapes/inf")
HOSTS = {"x64": "out/ndishost", "x86": "out/ndishost32"}
OWN = {"aerovnet": "drivers/windows7/virtio-net/aerovnet.inf", "aerovnetm": "drivers/win7/virtio-net/aerovnetm.inf"}
CLASS = r"\Registry\Machine\System\CurrentControlSet\Control\Class\{4d36e972-e325-11ce-bfc1-08002be10318}\0000"
DEVICE = r"\Registry\Machine\System\CurrentControlSet\Enum\DEVICE"
SERVICES = r"\Registry\Machine\System\CurrentControlSet\Services"

# What registry.inf installs; of `Which` and DriverDesc, by architecture.
FORMS = {
    CLASS: """Characteristics = dword:132|BusType = dword:5|NeededText = sz:from Needs|Replaced = sz:second
Number = dword:305419896|Minus = dword:4294967295|Bytes4 = dword:305419896|Binary = binary:010203feff
Multi = multi_sz:first one/second/third/fourth|Expand = expand_sz:%SystemRoot%\\System32\\A "fine" card
Quotes = sz:say "yes" \\ or 100%; = no comment|Unquoted = sz:two words here
Unknown = sz:%NoSuchToken%\\C:\\Windows\\System32\\drivers|Empty = sz:|Kept = sz:first|*FlowControl = sz:3
*SpeedDuplex = sz:7|InfSection = sz:Card|MatchingDeviceId = sz:PCI\\VEN_1AF4&DEV_1000
ComponentId = sz:PCI\\VEN_1AF4&DEV_1000|ProviderName = sz:A Vendor|DriverDate = sz:02/29/2012
DriverVersion = sz:1.2.3.4""",
    CLASS + r"\Sub key\Deep": "Text = sz:deep",
    CLASS + r"\Ndi\params\*FlowControl": "ParamDesc = sz:Flow Control|Default = sz:0",
    CLASS + r"\Ndi\params\*SpeedDuplex": "Default = sz:7|Optional = sz:0",
    CLASS + r"\Ndi\params\Optional1": "Default = sz:5|Optional = sz:1",
    CLASS + r"\Ndi\params\NoDefault": "ParamDesc = sz:None",
    DEVICE + r"\Interrupt Management\MessageSignaledInterruptProperties": "MSISupported = dword:0",
    SERVICES + r"\Shaped": """Type = dword:1|Start = dword:3|ErrorControl = dword:1|Group = sz:NDIS
ImagePath = sz:\\SystemRoot\\System32\\drivers\\Configuration.sys""",
    SERVICES + r"\Shaped\Parameters": "Verbose = dword:3",
    SERVICES + r"\EventLog\System\Shaped": "TypesSupported = dword:7",
    r"\Registry\Machine\Software\Vendor": "Global = dword:77",
}
BY_ARCH = {"x64": ["Which = sz:x64", 'DriverDesc = sz:A "fine" card (64)', "InfSectionExt = sz:.NTamd64"],
           "x86": ["Which = sz:x86", 'DriverDesc = sz:A "fine" card', "InfSectionExt = sz:.NTx86"]}

GOOD = """; line 1
[Version]
Signature = "$Windows NT$"
Class = Net
ClassGUID = {4d36e972-e325-11ce-bfc1-08002be10318}
[Manufacturer]
%V% = M, NTx86, NTamd64
[M.NTx86]
%D% = I, PCI\\VEN_1AF4&DEV_1000
[M.NTamd64]
%D% = I, PCI\\VEN_1AF4&DEV_1000
[I.NT]
BusType = 5
AddReg = R
[R]
HKR,, A, 0, "x"
HKR,, B, 0x00010001, 7
HKR,, C, 1, 0a,0b
[I.NT.Services]
AddService = S, 2, S.Service, S.Log
[S.Service]
ServiceType = 1
ServiceBinary = %12%\\s.sys
[S.Log]
AddReg = S.Reg
[S.Reg]
HKR,, T, 0, ""
[Strings]
V = "vendor"
D = "device"
"""
# What is changed in GOOD; the line that is named, and what is said.
DAMAGED = [
    ("bracket", "[Manufacturer]", "[Manufacturer", 6, "the name of a section does not end with `]`"),
    ("before", "; line 1", "text", 1, "text before the first section: this is not an INF"),
    ("quote", '"x"', '"x', 16, "text in quotes does not end on its line"),
    ("quote-string", '"device"', '"device', 30, "text in quotes does not end on its line"),
    ("no-version", "[Version]", "[Ver]", 1, "there is no [Version]"),
    ("no-signature", "Signature =", "Sig =", 2, '[Version] has no Signature = "$Windows NT$"'),
    ("signature", '"$Windows NT$"', '"$Windows 3$"', 3, '[Version] has no Signature = "$Windows NT$"'),
    ("class", "{4d36e972-", "{4d36e973-", 5, "the class is not Net"),
    ("no-manufacturer", "[Manufacturer]", "[Manufacturers]", 1, "there is no [Manufacturer]"),
    ("no-models", "[M.NTamd64]", "[N.NTamd64]", 7, "there is no section [M.NTamd64]"),
    ("no-decoration", "M, NTx86, NTamd64", "M, NTx86, NTia64", 6, "no models for Windows 7 on x64 (NTamd64)"),
    ("later-windows", "M, NTx86, NTamd64", "M, NTamd64.10.0", 6, "no models for Windows 7 on x64 (NTamd64)"),
    ("model", "%D% = I, PCI\\VEN_1AF4&DEV_1000\n[I.NT]", "%D%\n[I.NT]", 11, "a model of [M.NTamd64] is not"),
    ("empty-models", "%D% = I, PCI\\VEN_1AF4&DEV_1000\n[I.NT]", "[I.NT]", 6, "on x64 are empty"),
    ("no-install", "[I.NT]", "[J.NT]", 11, "there is no section [I.NTamd64], [I.NT] or [I]"),
    ("number", "BusType = 5", "BusType = pci", 13, 'BusType is "pci", which is not a number'),
    ("no-addreg", "AddReg = R", "AddReg = R, Q", 14, "there is no section [Q]"),
    ("root", "HKR,, A", "HKX,, A", 16, '"HKX" is not a root key'),
    ("flags", '0, "x"', 'zero, "x"', 16, '"zero" is not a number: expected flags'),
    ("dword", "0x00010001, 7", "0x00010001, seven", 17, '"seven" is not a number of 32 bits'),
    ("byte", "0a,0b", "0a,100", 18, '"100" is not a byte'),
    ("no-service", "[S.Service]", "[T.Service]", 20, "there is no section [S.Service]"),
    ("no-binary", "ServiceBinary", "Binary", 21, "[S.Service] has no ServiceBinary"),
    ("no-log", "[S.Log]", "[S.Logs]", 20, "there is no section [S.Log]"),
    ("needs", "BusType = 5", "Needs = I.NT", 13, "Needs leads in a circle"),
]


def host(path, *ids, arch="x64"):
    done = subprocess.run([os.path.join(ROOT, HOSTS[arch]), "inf", path, *ids], cwd=ROOT, capture_output=True,
                          timeout=60, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def write(name, data):
    os.makedirs(OUT, exist_ok=True)
    path = os.path.join(OUT, name + ".inf")
    with open(path, "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())
    return path


def keys(text):
    found, key = {}, None
    for line in text.splitlines():
        if re.match(r"\[\\.*\]$", line):
            key = found.setdefault(line[1:-1], [])
        else:
            key.append(line)
    return found


def forms(arch):
    status, out, err = host(os.path.join(HERE, "registry.inf"), "PCI\\VEN_1AF4&DEV_1000", arch=arch)
    expect(status == 0, err)
    found = keys(out)
    expect(set(found) == set(FORMS), "keys %s" % sorted(set(found) ^ set(FORMS)))
    for key, values in FORMS.items():
        wanted = values.replace("\n", "|").split("|") + (BY_ARCH[arch] if key == CLASS else [])
        got = [one.replace("|", "/") for one in found[key]]
        expect(sorted(got) == sorted(wanted), "%s: %s" % (key, sorted(set(got) ^ set(wanted))))


def encodings(_):
    text = GOOD.replace('"device"', '"Gr\u00f6\u00dfe \u20ac"')
    answers = set()
    for name, data in (("ansi", text.encode("cp1252")), ("crlf", text.replace("\n", "\r\n").encode("cp1252")),
                       ("utf-16", b"\xff\xfe" + text.encode("utf-16-le")), ("utf-8", text.encode("utf-8-sig")),
                       ("utf-16-crlf", b"\xff\xfe" + text.replace("\n", "\r\n").encode("utf-16-le")),
                       ("no-mark", text.encode("utf-16-le")), ("ctrl-z", text.encode("cp1252") + b"\x1arest")):
        status, out, err = host(write("encoding-" + name, data))
        expect(status == 0, "%s: %s" % (name, err))
        expect("DriverDesc = sz:Gr\u00f6\u00dfe \u20ac" in out, "%s: %s" % (name, out[:200]))
        answers.add(out)
    expect(len(answers) == 1, "%d different answers" % len(answers))


def refused(name, data, number, words):
    path = write("damaged-" + name, data)
    status, out, err = host(path)
    expect(status == 2, "exit status %d, prints %s" % (status, out[:100]))
    expect(len(err.splitlines()) == 1, "%d lines: %s" % (len(err.splitlines()), err))
    wanted = "ndishost: %s:%d: " % (path, number)
    expect(err.startswith(wanted) and words in err, "says '%s', expected line %d and '%s'" % (
        err.strip(), number, words))


def damaged(name, old, new, number, words):
    expect(old in GOOD, "the test changes nothing")
    at = GOOD.rindex(old) if name in ("model", "empty-models") else GOOD.index(old)
    refused(name, GOOD[:at] + new + GOOD[at + len(old):], number, words)


def damaged_bytes(_):
    refused("nul", GOOD.encode().replace(b"BusType", b"Bus\0ype"), 13, "a NUL character")
    wide = b"\xff\xfe" + GOOD.encode("utf-16-le")
    refused("nul-16", wide.replace(b"B\0u\0s\0T\0", b"B\0u\0\0\0T\0"), 13, "a NUL character")
    refused("half", wide[:-1], 30, "ends in the middle of a UTF-16 character")
    refused("big-endian", b"\xfe\xff" + GOOD.encode("utf-16-be"), 1, "with the high byte first")


def shaken(_):
    """Whatever is cut off or changed: an INF, or one line with the number of a line that there is."""
    choice = random.Random(seed(7601))
    with open(os.path.join(ROOT, OWN["aerovnet"]), "rb") as file:
        good = file.read()
    for turn in range(150):
        data = bytearray(good)
        if turn % 3 == 0:
            del data[choice.randrange(len(data)):]
        for _ in range(turn % 3):
            at = choice.randrange(len(data))
            data[at:at + choice.randrange(3)] = bytes(choice.choice(b'[]"%\\\n,=;x\0') for _ in range(2))
        path = write("shaken-%d" % (turn % 4), bytes(data))
        status, out, err = host(path)
        lines = err.splitlines()
        expect(status in (0, 2), "exit status %d in turn %d" % (status, turn))
        expect(status == 0 or len(lines) == 1 and re.match("ndishost: %s:\\d+: ." % re.escape(path), lines[0]),
               "turn %d says '%s'" % (turn, err))
        expect(status or out.startswith("["), "turn %d installs nothing" % turn)


def own(name):
    """Both INFs of the project: each keyword has its default, but for the optional one."""
    status, out, err = host(OWN[name], arch="x64")
    expect(status == 0, err)
    for arch in ("x86",):
        expect(host(OWN[name], arch=arch)[1] == out, "x86 installs something else")
    found = keys(out)
    params = {key.rsplit("\\", 1)[1] for key in found if "\\Ndi\\Params\\" in key and not key.endswith("\\enum")}
    expect(len(params) > 5, "keywords %s" % sorted(params))
    values = dict(one.split(" = ", 1) for one in found[CLASS])
    for keyword in params:
        settings = dict(one.split(" = ", 1) for one in found[CLASS + "\\Ndi\\Params\\" + keyword])
        wanted = None if settings.get("Optional") == "sz:1" else settings["Default"]
        expect(values.get(keyword) == wanted, "%s is %s, expected %s" % (keyword, values.get(keyword), wanted))


# Device, subsystem and revision of a card; of its ids the one by which an INF of the project names it, and which INF.
# QEMU's modern card, the one of the device contract, another subsystem, v86's and other revisions; QEMU's transitional
# card, its relatives; a block device, and an id without a device in virtio 1.2.
CARDS = [
    ("1041", "11001AF4", "01", "&SUBSYS_11001AF4&REV_01", "aerovnetm"),
    ("1041", "00011AF4", "01", "&SUBSYS_00011AF4&REV_01", "aerovnetm"),
    ("1041", "00401AF4", "01", "&REV_01", "aerovnetm"),
    ("1041", "11001AF4", "00", "", "aerovnetm"),
    ("1041", "00011AF4", "02", "", "aerovnetm"),
    ("1000", "00011AF4", "00", "&SUBSYS_00011AF4&REV_00", "aerovnet"),
    ("1000", "00011AF4", "01", "&SUBSYS_00011AF4", "aerovnet"),
    ("1000", "00011414", "00", "", "aerovnet"),
    ("1001", "00021AF4", "00", None, None),
    ("1042", "11001AF4", "01", None, None),
    ("104F", "11001AF4", "01", None, None),
]


def cards(arch):
    """Each card has one driver of the two, and by its most specific id."""
    for device, subsystem, revision, wanted, which in CARDS:
        head, sub, rev = "PCI\\VEN_1AF4&DEV_" + device, "&SUBSYS_" + subsystem, "&REV_" + revision
        ids = [head + sub + rev, head + sub, head + rev, head]
        for name, path in OWN.items():
            status, out, err = host(path, *ids, arch=arch)
            expect(status == 0, err)
            found = dict(one.split(" = ", 1) for one in keys(out)[CLASS])["MatchingDeviceId"].partition(":")[2]
            if name == which:
                expect(found == head + wanted, "%s: %s names it as %s, not %s" % (ids[0], name, found, head + wanted))
            else:
                expect(found not in ids, "%s: %s names it as %s" % (ids[0], name, found))


def run_own(arch, options, name="aerovnet"):
    done = subprocess.run([HOSTS[arch], "run", "--bus", "model", "--net", "none", "--seed", "1", "--seconds", "0.1",
                           "--inf", OWN[name], *options, "out/%s/aerovnet.sys" % arch], cwd=ROOT,
                          capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def running(arch):
    """The driver reads what the INF installs, and --set is stronger."""
    status, text = run_own(arch, [])
    expect("is not used" not in text, "a value of the INF is refused")
    expect(status == 0 and "leaked: nothing" in text, text[-300:])
    expect("has no model" not in text, "the INF is said not to fit")
    status, text = run_own(arch, ["--set", "HeaderLength=11"])
    expect("out of its range and is not used" in text, "--set does not reach the driver: %s" % text[-300:])
    status, text = run_own(arch, [], "aerovnetm")
    expect(status == 0 and "the INF has no model for PCI\\VEN_1AF4&DEV_1000" in text, text[-300:])


def missing(_):
    done = subprocess.run([HOSTS["x64"], "run", "--bus", "model", "--net", "none", "--inf", "/nonexistent.inf",
                           "out/x64/aerovnet.sys"], cwd=ROOT, capture_output=True, text=True, timeout=60,
                          check=False)
    expect(done.returncode == 2 and "/nonexistent.inf: No such file" in done.stderr, done.stderr)
    expect(host(write("good", GOOD))[0] == 0, "the INF that the damaged ones differ from is not read")


def add(group):
    for arch in HOSTS:
        group.test("inf:forms:" + arch, lambda _, arch=arch: forms(arch))
        group.test("inf:run:" + arch, lambda _, arch=arch: running(arch))
        group.test("inf:cards:" + arch, lambda _, arch=arch: cards(arch))
    for name in OWN:
        group.test("inf:own:" + name, lambda _, name=name: own(name))
    group.test("inf:encodings", encodings)
    group.test("inf:missing", missing)
    for case in DAMAGED:
        group.test("inf:damaged:" + case[0], lambda _, case=case: damaged(*case))
    group.test("inf:damaged:bytes", damaged_bytes)
    group.test("inf:shaken", shaken)
