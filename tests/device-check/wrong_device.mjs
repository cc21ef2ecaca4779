// SPDX-License-Identifier: MIT
// wrong_device.mjs: stands between the processor of the PC emulator v86 and its virtio-net device, and makes the
// device wrong in one way. All registers of that device are I/O ports.
//   const {read, write} = between("features_refused");
//   read(port, bytes, value)     what the processor reads instead of `value`
//   write(port, bytes, value)    what the device gets instead of `value`; null: nothing
//   between()                    the names of all wrong devices

const PLACE = 0x80000000 | 10 << 11; // of the card: bus 0, device 10, function 0
const ADDRESS = 0xcf8, DATA = 0xcfc, BAR0 = 0x10, CAPABILITIES = 0x34;
const COMMON = 0, NOTIFY = 1, DEVICE = 3; // BARs
const BAR_BYTES = [64, 8, 8, 32];
// Common configuration, virtio 1.2, 4.1.4.3
const FEATURE_SELECT = 0, FEATURE = 4, STATUS = 20, GENERATION = 21, QUEUE_SELECT = 22, QUEUE_SIZE = 24,
    QUEUE_ENABLE = 28, NOTIFY_OFF = 30;
// Device configuration, 5.1.4
const NET_MAC = 0, NET_STATUS = 6, NET_MTU = 10;
const FEATURES_OK = 8, DRIVER_OK = 4;

// What the device has been told: of the registers that a fault depends on, the last value written.
class Told {
    address = 0;
    bars = [0xc800, 0xc900, 0xc700, 0xc600];
    written = new Map();

    // {bar, offset} of a port; bar -1 is the configuration space.
    place(port) {
        if (port >= DATA && port < DATA + 4)
            return (this.address & ~0xff) === PLACE ? {bar: -1, offset: (this.address & 0xfc) + port - DATA} : null;
        const bar = this.bars.findIndex((base, i) => port >= base && port < base + BAR_BYTES[i]);
        return bar < 0 ? null : {bar, offset: port - this.bars[bar]};
    }

    note(port, value) {
        if (port === ADDRESS)
            this.address = value | 0;
        const at = this.place(port);
        const bar = at && at.bar === -1 ? (at.offset - BAR0) / 4 : -1;
        if (bar in this.bars && value !== -1 && (value & 0xfffc) !== 0xfffc)
            this.bars[bar] = value & 0xfffc;
        if (at && at.bar === COMMON)
            this.written.set(at.offset, value);
        return at;
    }

    get(offset) {
        return this.written.get(offset) ?? 0;
    }
}

const only = (bar, offset, change) => (at, value, told) =>
    at.bar === bar && at.offset === offset ? change(value, told) : value;
let generation = 0, gone = false, kept = 0;

const WRONG = {
    no_capabilities: {read: only(-1, CAPABILITIES, () => 0)},
    reset_never: {read: only(COMMON, STATUS, (value, told) => {
        kept = told.get(STATUS) || kept;
        return kept;
    })},
    no_version_1: {read: only(COMMON, FEATURE, (value, told) => told.get(FEATURE_SELECT) === 1 ? value & ~1 : value)},
    features_refused: {read: only(COMMON, STATUS, value => value & ~FEATURES_OK)},
    mac_group: {read: only(DEVICE, NET_MAC, value => value | 1)},
    mtu_tiny: {read: only(DEVICE, NET_MTU, () => 67)},
    generation: {read: only(COMMON, GENERATION, () => ++generation & 255)},
    status_garbage: {read: only(DEVICE, NET_STATUS, value => value | 0xfffe)},
    no_queue: {read: only(COMMON, QUEUE_SIZE, (value, told) => told.get(QUEUE_SELECT) === 1 ? 0 : value)},
    queue_enabled: {read: only(COMMON, QUEUE_ENABLE, () => 1)},
    queue_stuck: {read: only(COMMON, QUEUE_ENABLE, () => 0)},
    size_forgotten: {write: only(COMMON, QUEUE_SIZE, value => value < 64 ? null : value)},
    notify_range: {read: only(COMMON, NOTIFY_OFF, () => 0x4000)},
    // It never looks at its queues.
    silent: {write: (at, value) => at.bar === NOTIFY ? null : value},
    // It is no longer there once the driver has started.
    gone: {read: (at, value, told) => {
        gone ||= (told.get(STATUS) & DRIVER_OK) !== 0;
        return gone ? -1 : value;
    }},
};

export function between(name) {
    if (!name)
        return Object.keys(WRONG);
    const told = new Told(), wrong = WRONG[name];
    return {
        read(port, bytes, value) {
            const at = told.place(port);
            const mask = bytes === 4 ? -1 : (1 << 8 * bytes) - 1;
            return at && wrong.read ? wrong.read(at, value, told) & mask : value;
        },
        write(port, bytes, value) {
            const at = told.note(port, value);
            return at && wrong.write ? wrong.write(at, value, told) : value;
        },
    };
}

if (process.argv[2] === "--list")
    console.log(between().join("\n"));
