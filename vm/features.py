# SPDX-License-Identifier: MIT
"""Names of virtio feature bits, as the virtio specification has them (2.2, 5.1.3, 6).

    names(0x100010020) -> ["MAC", "STATUS", "VERSION_1"]
    from_qemu(status["guest-features"]) -> the set of bits, out of QMP's x-query-virtio-status
"""

BITS = {
    "VIRTIO_NET_F_CSUM": 0,
    "VIRTIO_NET_F_GUEST_CSUM": 1,
    "VIRTIO_NET_F_CTRL_GUEST_OFFLOADS": 2,
    "VIRTIO_NET_F_MTU": 3,
    "VIRTIO_NET_F_MAC": 5,
    "VIRTIO_NET_F_GUEST_TSO4": 7,
    "VIRTIO_NET_F_GUEST_TSO6": 8,
    "VIRTIO_NET_F_GUEST_ECN": 9,
    "VIRTIO_NET_F_GUEST_UFO": 10,
    "VIRTIO_NET_F_HOST_TSO4": 11,
    "VIRTIO_NET_F_HOST_TSO6": 12,
    "VIRTIO_NET_F_HOST_ECN": 13,
    "VIRTIO_NET_F_HOST_UFO": 14,
    "VIRTIO_NET_F_MRG_RXBUF": 15,
    "VIRTIO_NET_F_STATUS": 16,
    "VIRTIO_NET_F_CTRL_VQ": 17,
    "VIRTIO_NET_F_CTRL_RX": 18,
    "VIRTIO_NET_F_CTRL_VLAN": 19,
    "VIRTIO_NET_F_CTRL_RX_EXTRA": 20,
    "VIRTIO_NET_F_GUEST_ANNOUNCE": 21,
    "VIRTIO_NET_F_MQ": 22,
    "VIRTIO_NET_F_CTRL_MAC_ADDR": 23,
    "VIRTIO_RING_F_INDIRECT_DESC": 28,
    "VIRTIO_RING_F_EVENT_IDX": 29,
    "VIRTIO_F_VERSION_1": 32,
    "VIRTIO_F_ACCESS_PLATFORM": 33,
    "VIRTIO_F_RING_PACKED": 34,
    "VIRTIO_F_IN_ORDER": 35,
    "VIRTIO_F_ORDER_PLATFORM": 36,
    "VIRTIO_F_SR_IOV": 37,
    "VIRTIO_F_NOTIFICATION_DATA": 38,
    "VIRTIO_F_NOTIF_CONFIG_DATA": 39,
    "VIRTIO_F_RING_RESET": 40,
    "VIRTIO_NET_F_DEVICE_STATS": 50,
    "VIRTIO_NET_F_HASH_TUNNEL": 51,
    "VIRTIO_NET_F_VQ_NOTF_COAL": 52,
    "VIRTIO_NET_F_NOTF_COAL": 53,
    "VIRTIO_NET_F_GUEST_USO4": 54,
    "VIRTIO_NET_F_GUEST_USO6": 55,
    "VIRTIO_NET_F_HOST_USO": 56,
    "VIRTIO_NET_F_HASH_REPORT": 57,
    "VIRTIO_NET_F_GUEST_HDRLEN": 59,
    "VIRTIO_NET_F_RSS": 60,
    "VIRTIO_NET_F_RSC_EXT": 61,
    "VIRTIO_NET_F_STANDBY": 62,
    "VIRTIO_NET_F_SPEED_DUPLEX": 63,
    # Of legacy devices only. No modern driver sees them, but QEMU lists them.
    "VIRTIO_NET_F_GSO": 6,
    "VIRTIO_F_NOTIFY_ON_EMPTY": 24,
    "VIRTIO_F_ANY_LAYOUT": 27,
    "VHOST_USER_F_PROTOCOL_FEATURES": 30,
}
LEGACY = {6, 24, 27, 30}
_NAMES = {bit: name.split("_F_", 1)[-1] for name, bit in BITS.items()}


def names(features):
    """Short names of the bits that are set, lowest first."""
    return [_NAMES.get(bit, f"bit {bit}") for bit in range(128) if features >> bit & 1]


def from_qemu(features):
    """The 64 bits out of QEMU's list of "NAME: what it means"; None if a name is not known here."""
    bits = int(features.get("unknown-dev-features", 0)) | int(features.get("unknown-transports", 0))
    for line in features.get("dev-features", []) + features.get("transports", []):
        name = line.split(":", 1)[0]
        if name not in BITS:
            return None
        bits |= 1 << BITS[name]
    return bits & ~sum(1 << bit for bit in LEGACY)
