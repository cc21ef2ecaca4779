# SPDX-License-Identifier: MIT
"""
Stand-ins for what is Microsoft's, made here, small: a setup disc and a disk, with the facts by which
Windows 7 is known and nothing of Windows.

    setup_disc(path, folder)       an ISO with UDF that boots (BIOS: writes BOOTED to COM1)
    windows(folder)                a Windows volume that is shut down
    volume(path)                   a mounted NTFS volume, as a directory, while the "with" lasts
    disk(path, more)               a raw disk image: MBR, one NTFS volume with Windows on it
    sddl(path), set_sddl(path, s)  a file's security descriptor in Windows' text form
"""
import contextlib
import ctypes
import os
import re
import struct
import subprocess

XML = """<WIM><IMAGE INDEX="1"><WINDOWS><ARCH>%d</ARCH><VERSION><MAJOR>%d</MAJOR><MINOR>%d</MINOR>
<BUILD>%d</BUILD><SPBUILD>17514</SPBUILD></VERSION></WINDOWS></IMAGE></WIM>"""


def wim(version=(6, 1, 7601), architecture=9, xml=None):
    """The header of a WIM and its XML."""
    xml = b"\xff\xfe" + (xml or XML % (architecture, *version)).encode("utf-16-le")
    header = bytearray(208)
    header[:8] = b"MSWIM\0\0\0"
    struct.pack_into("<II", header, 8, 208, 0x10D00)
    struct.pack_into("<QQQ", header, 72, len(xml) | 2 << 56, 208 + 5000, len(xml))
    return bytes(header) + bytes(range(250)) * 20 + xml


def boot_code():
    """4096 bytes that a BIOS loads and starts: BOOTED to the first serial port, then off by the
    debug exit device (status 1), else halted."""
    code = b"\xba\xf8\x03"  # mov dx, 0x3f8
    for letter in b"BOOTED\n":
        code += bytes([0xB0, letter, 0xEE])  # mov al, letter; out dx, al
    code += b"\xba\xf4\x00\xb0\x00\xee\xfa\xf4"  # mov dx, 0xf4; mov al, 0; out dx, al; cli; hlt
    return code.ljust(510, b"\0") + b"\x55\xaa" + b"\x90" * 3584


def _write(folder, name, data):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def _run(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.PIPE)  # fmt: skip


def setup_disc(path, folder, version=(6, 1, 7601), more=(), rename=None, catalog="boot.cat"):
    """more: further files, (name, bytes). rename: other names for the usual ones. catalog: the name under
    which the boot catalog is hidden."""
    efi = "efi/microsoft/boot/efisys.bin"
    for name, data in (
        ("bootmgr", b"bootmgr" * 999), ("setup.exe", b"MZ setup"), ("boot/bcd", b"regf"),
        ("boot/etfsboot.com", boot_code()), ("sources/boot.wim", wim(version)),
        ("sources/install.wim", wim(version)), ("sources/cversion.ini", b"[HostBuild]\r\n"),
        ("support/a name of some length, such as a person gives it.txt", b"x"), *more,
    ):  # fmt: skip
        _write(folder, (rename or {}).get(name, name), data)
    os.makedirs(os.path.join(folder, os.path.dirname(efi)), exist_ok=True)
    fat = os.path.join(folder, efi)
    _run("mformat", "-C", "-f", "1440", "-i", fat, "::")
    _run("genisoimage", "-quiet", "-udf", "-iso-level", "3", "-J", "-joliet-long", "-N", "-D",
         "-relaxed-filenames", "-V", "GSP1RMCPRXFRER_EN_DVD", "-c", catalog, "-hide", catalog,
         "-hide-joliet", catalog, "-b", "boot/etfsboot.com",
         "-no-emul-boot", "-boot-load-size", "8", "-eltorito-alt-boot", "-b", efi, "-no-emul-boot",
         "-boot-load-size", "1", "-o", path, folder)  # fmt: skip
    # genisoimage knows one platform; a disc of Microsoft's has a section for UEFI (0xEF).
    with open(path, "r+b") as file:
        file.seek(17 * 2048 + 0x47)
        (block,) = struct.unpack("<I", file.read(4))
        file.seek(block * 2048 + 64)
        file.write(b"\x91\xef\x01\x00")


def ntoskrnl(version=(6, 1, 7601), machine=0x8664):
    data = bytearray(4096)
    data[:2] = b"MZ"
    struct.pack_into("<I", data, 0x3C, 0x80)
    data[0x80:0x84] = b"PE\0\0"
    struct.pack_into("<H", data, 0x84, machine)
    major, minor, build = version
    struct.pack_into("<IIII", data, 1024, 0xFEEF04BD, 0x10000, major << 16 | minor, build << 16 | 17514)
    return bytes(data)


def empty_hive():
    """A registry hive with a root key alone."""
    nk = struct.pack("<2sHQIIIIIIIIIIIIIIIHH", b"nk", 0x2C, 0, 0, 0xFFFFFFFF, 0, 0, 0xFFFFFFFF,
                     0xFFFFFFFF, 0, 0xFFFFFFFF, 0x20 + 88, 0xFFFFFFFF, 0, 0, 0, 0, 0, 4, 0) + b"ROOT"  # fmt: skip
    nk = struct.pack("<i", -88) + nk.ljust(84, b"\0")
    sk = struct.pack("<i2sHIIII", -48, b"sk", 0, 0x20 + 88, 0x20 + 88, 1, 20).ljust(48, b"\0")
    cells = nk + sk
    body = b"hbin" + struct.pack("<IIQQI", 0, 4096, 0, 0, 0) + cells
    body += struct.pack("<i", 4096 - len(body))
    base = bytearray(4096)
    base[:4] = b"regf"
    struct.pack_into("<IIQIIIIIII", base, 4, 1, 1, 0, 1, 3, 0, 1, 0x20, 4096, 1)
    checksum = 0
    for (word,) in struct.iter_unpack("<I", base[:508]):
        checksum ^= word
    struct.pack_into("<I", base, 508, checksum)
    return bytes(base) + body.ljust(4096, b"\0")


def software_hive(path, version="6.1"):
    import hivex

    with open(path, "wb") as file:
        file.write(empty_hive())
    hive = hivex.Hivex(path, write=True)
    microsoft = hive.node_add_child(hive.root(), "Microsoft")
    node = hive.node_add_child(hive.node_add_child(microsoft, "Windows NT"), "CurrentVersion")
    text = lambda value: (value + "\0").encode("utf-16-le")
    hive.node_set_value(node, {"key": "CurrentVersion", "t": 1, "value": text(version)})
    node = hive.node_add_child(hive.node_add_child(microsoft, "Windows"), "CurrentVersion")
    hive.node_set_value(node, {"key": "DevicePath", "t": 2, "value": text("%SystemRoot%\\inf")})
    hive.commit(None)


# Of a Windows 7 that Setup installed, as icacls shows them. TI is TrustedInstaller.
TI = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
INHERITED_BY_ALL = "(A;OICIIO;GA;;;CO)(A;OICIIO;GA;;;SY)(A;OICIIO;GA;;;BA)(A;OICIIO;GXGR;;;BU)"
DESCRIPTORS = {
    "": "O:%sG:%sD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)(A;OICI;0x1200a9;;;BU)(A;OICIIO;SDGXGWGR;;;AU)" % (TI, TI),
    "Windows": "O:%sG:%sD:PAI(A;;0x1301bf;;;SY)(A;;0x1301bf;;;BA)(A;;0x1200a9;;;BU)(A;CIIO;GA;;;%s)(A;;FA;;;%s)"
    % (TI, TI, TI, TI) + INHERITED_BY_ALL,
    "Windows/System32": "O:%sG:%sD:PAI(A;;0x1301bf;;;SY)(A;;0x1301bf;;;BA)(A;;0x1200a9;;;BU)(A;;FA;;;%s)"
    % (TI, TI, TI) + INHERITED_BY_ALL,
    "Windows/System32/config": "O:SYG:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICIIO;FA;;;CO)",
    "Windows/System32/config/SOFTWARE": "O:BAG:SYD:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)",
    "Windows/System32/ntoskrnl.exe": "O:%sG:%sD:PAI(A;;0x1200a9;;;BA)(A;;FA;;;%s)" % (TI, TI, TI),
    "Windows/Setup": "O:SYG:SYD:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)(A;OICIIOID;GA;;;CO)(A;ID;0x1200a9;;;BU)"
    "(A;OICIIOID;GA;;;SY)(A;OICIIOID;GA;;;BA)(A;OICIIOID;GXGR;;;BU)",
}
SIDS = {"BA": "S-1-5-32-544", "BU": "S-1-5-32-545", "SY": "S-1-5-18", "AU": "S-1-5-11", "WD": "S-1-1-0",
        "CO": "S-1-3-0", "CG": "S-1-3-1"}  # fmt: skip
SDDL_FLAGS = {"OI": 1, "CI": 2, "NP": 4, "IO": 8, "ID": 16}
SDDL_RIGHTS = {"FA": 0x1F01FF, "GA": 1 << 28, "GX": 1 << 29, "GW": 1 << 30, "GR": 1 << 31, "SD": 1 << 16}


def _sid(text):
    numbers = [int(number) for number in SIDS.get(text, text).split("-")[2:]]
    return struct.pack("<BB", 1, len(numbers) - 1) + numbers[0].to_bytes(6, "big") + struct.pack(
        "<%dI" % (len(numbers) - 1), *numbers[1:])  # fmt: skip


def _sid_text(data):
    text = "S-1-%d" % int.from_bytes(data[2:8], "big")
    text += "".join("-%d" % number for (number,) in struct.iter_unpack("<I", data[8 : 8 + 4 * data[1]]))
    return next((short for short, long in SIDS.items() if long == text), text)


def descriptor(text):
    """The bytes of a security descriptor in the text form (allow entries alone)."""
    owner, group, flags, entries = re.fullmatch(r"O:(.+?)G:(.+?)D:([A-Z]*)((?:\([^)]*\))*)", text).groups()
    control = 0x8004 | (0x1000 if "P" in flags else 0) | (0x400 if "AI" in flags else 0)
    body, count = b"", 0
    for kind, inheritance, rights, who in re.findall(r"\((\w+);(\w*);(\w*);;;([\w-]+)\)", entries):
        assert kind == "A"
        mask = int(rights, 16) if rights.startswith("0x") else 0
        for word in [] if mask else re.findall("..", rights):
            mask |= SDDL_RIGHTS[word]
        bits = sum(SDDL_FLAGS[word] for word in re.findall("..", inheritance))
        body += struct.pack("<BBHI", 0, bits, 8 + len(_sid(who)), mask) + _sid(who)
        count += 1
    acl = struct.pack("<BBHHH", 2, 0, 8 + len(body), count, 0) + body
    owner, group = _sid(owner), _sid(group)
    at = 20 + len(owner)
    return struct.pack("<BBHIIII", 1, 0, control, 20, at, 0, at + len(group)) + owner + group + acl


def descriptor_text(data):
    _, _, control, owner, group, _, dacl = struct.unpack_from("<BBHIIII", data)
    text = "O:%sG:%sD:" % (_sid_text(data[owner:]), _sid_text(data[group:]))
    if not control & 4 or not dacl:
        return text + "NO_ACCESS_CONTROL"
    text += "P" * bool(control & 0x1000) + "AI" * bool(control & 0x400)
    (count,), at = struct.unpack_from("<H", data, dacl + 4), dacl + 8
    for _ in range(count):
        kind, bits, length, mask = struct.unpack_from("<BBHI", data, at)
        rights = [word for word, value in SDDL_RIGHTS.items() if mask & value == value and mask != value]
        exact = [word for word, value in SDDL_RIGHTS.items() if mask == value]
        whole = sum(SDDL_RIGHTS[word] for word in rights)
        rights = exact[0] if exact else "".join(sorted(rights)) if rights and whole == mask else "0x%x" % mask
        text += "(%s;%s;%s;;;%s)" % ("A" if kind == 0 else kind, "".join(
            word for word, bit in SDDL_FLAGS.items() if bits & bit), rights, _sid_text(data[at + 8 :]))  # fmt: skip
        at += length
    return text


_libc = ctypes.CDLL(None, use_errno=True)
_libc.lgetxattr.restype = ctypes.c_ssize_t


def attribute(path, name):
    """An extended attribute; OSError. Not by os.getxattr: it offers 128 bytes at first, and ntfs-3g answers
    EIO where that is too little."""
    buffer = ctypes.create_string_buffer(65536)
    length = _libc.lgetxattr(os.fsencode(path), name.encode(), buffer, ctypes.c_size_t(65536))
    if length < 0:
        raise OSError(ctypes.get_errno(), "lgetxattr", path)
    return buffer.raw[:length]


def sddl(path):
    return descriptor_text(attribute(path, "system.ntfs_acl"))


def set_sddl(path, text):
    os.setxattr(path, "system.ntfs_acl", descriptor(text), follow_symlinks=False)


def windows_state(folder, state):
    _write(folder, "Windows/Setup/State/State.ini", ("[State]\r\nImageState=%s\r\n" % state).encode())


def windows(folder, *arguments, **more):
    """On an NTFS volume, with the security descriptors that Windows 7 has there."""
    windows_files(folder, *arguments, **more)
    for name, text in DESCRIPTORS.items():
        set_sddl(os.path.join(folder, name), text)


def windows_files(folder, version=(6, 1, 7601), state="IMAGE_STATE_COMPLETE", machine=0x8664, current="6.1"):
    _write(folder, "Windows/System32/ntoskrnl.exe", ntoskrnl(version, machine))
    windows_state(folder, state)
    os.makedirs(os.path.join(folder, "Windows/System32/config"), exist_ok=True)
    software_hive(os.path.join(folder, "Windows/System32/config/SOFTWARE"), current)


@contextlib.contextmanager
def volume(path, size=48 << 20, options="rw"):
    """Needs root, /dev/fuse and ntfs-3g. path: of the volume's image, which is made if it is not there."""
    if not os.path.exists(path):
        with open(path, "wb") as file:
            file.truncate(size)
        _run("mkntfs", "-F", "-Q", "-q", path)
    with mounted(path, path + ".mount", options) as mount:
        yield mount


@contextlib.contextmanager
def mounted(volume, mount, options="rw"):
    os.makedirs(mount)
    try:
        _run("ntfs-3g", "-o", options, volume, mount)
        try:
            yield mount
        finally:
            _run("umount", mount)
    finally:
        os.rmdir(mount)


def disk(path, more=None, size=32 << 20, table="mbr"):
    """windows() on a disk. more(root): what else lies there. table: "mbr", or as sfdisk makes it
    "logical" (the volume is the second of two logical partitions) or "gpt"."""
    with volume(path + ".volume", size) as root:
        windows(root)
        if more:
            more(root)
    size = os.path.getsize(path + ".volume")
    start, script = {
        "mbr": (2048, "label: dos\nstart=2048,size=%d,type=7,bootable\n" % (size // 512)),
        "logical": (16384, None),
        "gpt": (2048, "label: gpt\nstart=2048,size=%d\n" % (size // 512)),
    }[table]
    if table == "logical":
        script = "label: dos\n1: start=2048,size=2048,type=c\n2: start=4096,size=%d,type=5\n" % (size // 512 + 16384)
        script += "5: start=8192,size=2048,type=83\n6: start=16384,size=%d,type=7\n" % (size // 512)
    with open(path, "wb") as file:
        file.truncate(start * 512 + size + (4 << 20))
    subprocess.run(["sfdisk", "-q", path], input=script, text=True, check=True, capture_output=True)
    with open(path, "r+b") as file, open(path + ".volume", "rb") as content:
        file.seek(start * 512)
        file.write(content.read())
    os.remove(path + ".volume")
